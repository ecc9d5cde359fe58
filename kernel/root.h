// SPDX-License-Identifier: BSD-2-Clause
// The root of the kernel's part of the window: tables and family-wide state. What the window's own
// code needs of it is struct wcore, at its beginning (kernel/window/window.h).
#ifndef RAMET_KERNEL_ROOT_H
#define RAMET_KERNEL_ROOT_H

#include <stdint.h>
#include "abi/pv.h"
#include "kernel/api/termios.h"
#include "kernel/window/lock.h"
#include "kernel/window/waitq.h"
#include "kernel/window/window.h"

#define TTY_LINE_MAX  4096
#define FS_MOUNTS     16 // mounted file systems
#define SOCKET_CHAINS 64
#define SOCKET_ROOMS  16u
#define WORD_QUEUES   256  // of waits for words in the window
#define PID_HINTS     4096 // as many as there can be processes: pids are given out in turn

// The family's terminal (kernel/tty/tty.c).
struct tty {
    struct wlock lock;
    int32_t fg_pgid; // foreground process group
    int32_t sid;     // session it controls, 0 = none
    struct k_termios termios;
    struct k_winsize winsize;
    struct waitq readers;
    uint32_t head, tail;         // cooked input: bytes put in and taken out
    uint32_t line_start;         // canonical mode: input before this is complete lines
    uint32_t column;             // of the cursor, for erasing tabs
    uint32_t eofs;               // unused: VEOF is a marked NUL byte in cooked[]
    uint32_t stopped;            // output stopped by VSTOP
    uint32_t literal;            // the next character was quoted by VLNEXT
    uint32_t hung;               // the host's terminal is gone and everyone was told
    uint16_t host_row, host_col; // the host's window size when last looked at
    uint32_t line_column;        // cursor column where the unfinished line began, for erasing tabs
    uint32_t reserved[5];
    uint8_t cooked[TTY_LINE_MAX];
    uint8_t mark[TTY_LINE_MAX / 8]; // a bit per cooked byte: it ends a line (newline, VEOL or VEOF)
};

// System V IPC (kernel/ipc/sysv.h): a kind's objects, its lock for their keys, and a lock for each
// index, which outlives the object.
enum ipc_kind { IPC_SHM, IPC_SEM, IPC_MSG, IPC_KINDS };
struct ipc_registry {
    struct wlock lock;
    uint32_t made;     // under lock: objects ever, for their ids
    uint32_t top;      // atomic: no object at or above it was ever made
    struct wref locks; // struct wlock[table.count]
    struct wtable table;
};

struct wroot {
    struct wcore core; // first
    // Objects.
    struct wref procs;         // struct proc[max_slots + 1]
    struct wtable files;       // struct file
    struct wslab inodes;       // struct inode
    struct wtable pipes;       // struct pipe
    struct wtable rlocks;      // struct rlock (kernel/file/record_lock.c)
    struct wtable segments;    // struct shm_segment (kernel/mem/shared.c)
    struct wtable sig_records; // struct sig_record (kernel/signal/queue.c)
    struct wslab sockets;      // struct socket (kernel/net/socket.h)
    struct wslab rights;       // struct rights (kernel/net/rights.h)
    uint32_t segments_top;     // atomic: no segment at or above it was ever used
    // Interprocess communication.
    struct ipc_registry ipc[IPC_KINDS];
    struct wtable ipc_waits; // struct ipc_wait (kernel/ipc/waits.c)
    struct wtable sem_undos; // struct sem_undo (kernel/ipc/sem_undo.c)
    struct wslab messages;   // struct message (kernel/ipc/message.c)
    struct wlock mq_lock;    // names and references of mqs
    struct wtable mqs;       // struct mq (kernel/ipc/mq.c)
    uint32_t ipc_waits_top;  // atomic, as segments_top
    uint32_t sem_undos_top;  // atomic, as segments_top
    // Processes, under proc_lock.
    struct wlock proc_lock;
    int32_t next_pid;
    // Highest slot claimed so far: scans end there, so that unused entries stay untouched.
    uint32_t top_slot;
    // The slot last claimed, and how many have been since the lowest free one was.
    uint32_t last_slot, turn;
    // Bit (slot % 64) of word (slot / 64): the entry may hold a process. Cleared when a claim finds
    // it free.
    uint64_t slots_used[PV_MAX_SLOTS / 64 + 1];
    // Of these, the ones that nobody waits for any more: a claim looks at them alone.
    uint64_t slots_idle[PV_MAX_SLOTS / 64 + 1];
    // Of these, the ones that a process has stopped in; cleared when it is seen not to be stopped.
    uint64_t slots_stopped[PV_MAX_SLOTS / 64 + 1];
    // By pid % PID_HINTS: the slot that such a pid was last given to. Where it is another's, or
    // nobody's, the entries are searched.
    uint16_t pid_slots[PID_HINTS];
    // File system.
    struct wlock rename_lock; // one rename of a directory at a time
    struct wref root_inode;
    _Atomic uint32_t next_ino;
    // Written while the family has one process; 0 is the root's (kernel/fs/mount.c).
    struct mount {
        struct wref root; // with a reference; 0: not in use
        struct wref at;   // the directory it lies over, with a reference
        uint32_t fs;      // enum fs_number
        uint32_t flags;   // MOUNT_*
        char source[24];  // what /proc/mounts calls it
    } mounts[FS_MOUNTS];
    // Sockets. Abstract names of AF_UNIX, in chains; and the numbers that autobind gives out.
    struct wlock names_lock;
    struct wref socket_names[SOCKET_CHAINS];
    _Atomic uint32_t next_autobind;
    // Messages with descriptors that are under way (kernel/net/rights.c), under rights_lock.
    struct wlock rights_lock;
    struct wref rights_first;
    uint32_t rights_files;  // in them
    uint32_t rights_number; // of the last collection
    // Where senders wait for room at datagram sockets and listeners (kernel/net/dgram.c).
    struct socket_room {
        struct waitq senders;
        _Atomic uint32_t turn;
        uint32_t pad;
    } socket_rooms[SOCKET_ROOMS];
    struct wlock flock_lock; // all record locks
    struct waitq flock_q;
    // Disks, by their number: one write at a time (kernel/dev/blkdev.c).
    struct disk_turn {
        _Atomic uint32_t owner; // whose turn it is, as in struct wlock
        uint32_t pad;
        struct waitq waiters;
    } disk_turn[PV_MAX_DEVICES];
    // Terminal.
    struct tty tty;
    // Threads: of all that wait for words in shared memory, by the word's place; the next number.
    struct waitq word_queues[WORD_QUEUES];
    uint32_t next_tid;
    uint32_t reserved;
    char hostname[64];
    // Monotonic time when the family began. A member's own boot_info says when its VM did, which on
    // some implementers is later.
    uint64_t started_ns;
};

// Lays out the kernel's part; called once per family, by its first program. 0, or -ENOMEM when the
// window is too small for its tables.
int window_format(void);
// Checks that the window is one this kernel understands; called by every program at boot. 0 or
// -EINVAL.
int window_attach(void);

#endif
