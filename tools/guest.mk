# SPDX-License-Identifier: BSD-2-Clause
# What programs are linked with, part of the Makefile: kernel, drivers, the glue of the C library.
KERNEL := \
	$(addprefix kernel/,main.c pv.c upcall.c print.c note.c random.c root.c uname.c) \
	$(addprefix kernel/mem/,mem.c protect.c remap.c shared.c copy.c) \
	$(addprefix kernel/time/,time.c alarm.c) \
	$(addprefix kernel/thread/,thread.c room.c sched.c hooks.c calls.c word.c) \
	$(addprefix kernel/window/,window.c slab.c run.c lock.c waitq.c) \
	$(addprefix kernel/file/,file.c fd.c poll.c hoststream.c stdio.c calls.c record_lock.c \
		record_lock_calls.c vector.c transfer.c memfd.c) \
	$(addprefix kernel/ipc/,pipe.c pipe_ends.c fifo.c) \
	$(addprefix kernel/net/,socket.c calls.c message.c options.c iter.c control.c ring.c) \
	$(addprefix kernel/net/,rights.c collect.c unix.c unix_connect.c unix_name.c unix_room.c) \
	$(addprefix kernel/net/,stream.c dgram.c) \
	$(addprefix kernel/ipc/,sysv.c waits.c sysv_shm.c sysv_shm_ctl.c sem.c sem_ctl.c sem_undo.c) \
	$(addprefix kernel/ipc/,message.c msg.c msg_ctl.c mq.c mq_message.c mq_notify.c) \
	$(addprefix kernel/dev/,dev.c driver.c blkdev.c chardev.c) \
	$(addprefix kernel/fs/,calls.c inode.c mount.c path.c name.c rename.c attr.c) \
	$(addprefix kernel/fs/,open.c regular.c listing.c) \
	$(addprefix kernel/fs/ram/,ram.c allocate.c dir.c index.c data.c map.c names.c rename.c) \
	kernel/fs/ram/populate.c \
	$(addprefix kernel/fs/proc/,proc.c sysvipc.c text.c) \
	$(addprefix kernel/proc/,proc.c claim.c fork.c forktable.c spawn.c vfork.c exec.c exec_file.c \
		exit.c wait.c ids.c limits.c) \
	$(addprefix kernel/signal/,signal.c queue.c calls.c deliver.c fault.c) \
	$(addprefix kernel/tty/,tty.c output.c line.c edit.c ioctl.c) \
	$(addprefix arch/x86_64/,cpu.c ucontext.c entry.S)
VIRTIO := \
	drivers/virtio/virtio.c drivers/virtio/virtqueue.c drivers/virtio/dma.c \
	drivers/virtio/mmio.c drivers/virtio/pci.c \
	drivers/virtio/blk.c drivers/virtio/console.c drivers/virtio/rng.c
DRIVERS := blk console rng
GLUE := \
	$(addprefix libc-glue/file/,dir.c fts.c glob.c io.c mktemp.c mntent.c nftw.c path.c poll.c \
		stat.c termios.c transfer.c) \
	$(addprefix libc-glue/i18n/,catgets.c gettext.c iconv.c) \
	$(addprefix libc-glue/process/,env.c gnu.c ids.c process.c setjmp.c shadow.c signal.c \
		spawn.c start.c system.c sysv_signal.c ucontext.c users.c utmpx.c vfork.c wordexp.c) \
	$(addprefix libc-glue/stdio/,flush.c gets.c open.c write.c) \
	$(addprefix libc-glue/stdio/,printf.c printf_args.c printf_calls.c printf_float.c printf_hex.c \
		printf_spec.c printf_stream.c printf_text.c scanf.c scanf_calls.c scanf_number.c scanf_text.c \
		sink.c wprintf.c wscanf.c) \
	$(addprefix libc-glue/stdlib/,dtoa.c err.c error.c getopt.c langinfo.c locale.c names.c \
		rand48.c random.c regerror.c stdlib.c strftime.c strings.c strptime.c strtod.c strtol.c \
		time.c tz.c tzfile.c utf8.c wcstol.c wctype.c) \
	$(addprefix libc-glue/pthread/,atfork.c attr.c barrier.c cancel.c cond.c key.c locks.c mutex.c \
		rwlock.c sem.c sem_open.c signal.c stack.c stream.c thread.c word.c) \
	$(addprefix libc-glue/memory/,layout.c memory.c mman.c shm.c) \
	$(addprefix libc-glue/net/,socket.c message.c) \
	$(addprefix libc-glue/ipc/,layout.c ftok.c mqueue.c msg.c sem.c shm.c)
