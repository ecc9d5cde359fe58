// SPDX-License-Identifier: BSD-2-Clause
// virtio 1.2 (OASIS, July 2022): registers, rings and device layouts, with the sections they are
// defined in. Only modern devices; only what our drivers (drivers/virtio) and our devices
// (host/virtio/*.c) use.
//
// All fields are little-endian. What both sides of a queue write is in memory that the device may
// reach (PV_DMA_VA): each side copies a field once and checks the copy.
#ifndef RAMET_ABI_VIRTIO_H
#define RAMET_ABI_VIRTIO_H

#include <stddef.h>
#include <stdint.h>

// --- device ids (5) ---
#define VIRTIO_ID_NET     1u
#define VIRTIO_ID_BLOCK   2u
#define VIRTIO_ID_CONSOLE 3u
#define VIRTIO_ID_RNG     4u

// --- device status (2.1) ---
#define VIRTIO_STATUS_ACKNOWLEDGE 0x01u
#define VIRTIO_STATUS_DRIVER      0x02u
#define VIRTIO_STATUS_DRIVER_OK   0x04u
#define VIRTIO_STATUS_FEATURES_OK 0x08u
#define VIRTIO_STATUS_NEEDS_RESET 0x40u
#define VIRTIO_STATUS_FAILED      0x80u

// --- feature bits of every device (6) ---
#define VIRTIO_F_VERSION_1 (UINT64_C(1) << 32)

// --- split virtqueues (2.7) ---
#define VIRTQ_DESC_F_NEXT     1u // 2.7.5
#define VIRTQ_DESC_F_WRITE    2u // the device writes
#define VIRTQ_DESC_F_INDIRECT 4u // only if negotiated, which we never do

#define VIRTQ_AVAIL_F_NO_INTERRUPT 1u // 2.7.6, 2.7.7
#define VIRTQ_USED_F_NO_NOTIFY     1u // 2.7.8, 2.7.10

#define VIRTQ_MAX_SIZE 32768u // entries, a power of two (2.7)

struct virtq_desc { // 2.7.5
    uint64_t addr;  // guest-physical
    uint32_t len;
    uint16_t flags; // VIRTQ_DESC_F_*
    uint16_t next;
};
_Static_assert(sizeof(struct virtq_desc) == 16, "2.7.5");

struct virtq_avail { // 2.7.6; 2-aligned
    uint16_t flags;
    uint16_t idx; // counts up, modulo 65536
    uint16_t ring[];
};

struct virtq_used_elem {
    uint32_t id;  // head of the chain
    uint32_t len; // bytes written into it
};
_Static_assert(sizeof(struct virtq_used_elem) == 8, "2.7.8");

struct virtq_used { // 2.7.8; 4-aligned
    uint16_t flags;
    uint16_t idx;
    struct virtq_used_elem ring[];
};

// --- the MMIO transport (4.2.2, table 4.1): offsets of 32-bit registers ---
#define VIRTIO_MMIO_MAGIC               0x000u
#define VIRTIO_MMIO_VERSION             0x004u
#define VIRTIO_MMIO_DEVICE_ID           0x008u
#define VIRTIO_MMIO_VENDOR_ID           0x00cu
#define VIRTIO_MMIO_DEVICE_FEATURES     0x010u
#define VIRTIO_MMIO_DEVICE_FEATURES_SEL 0x014u
#define VIRTIO_MMIO_DRIVER_FEATURES     0x020u
#define VIRTIO_MMIO_DRIVER_FEATURES_SEL 0x024u
#define VIRTIO_MMIO_QUEUE_SEL           0x030u
#define VIRTIO_MMIO_QUEUE_NUM_MAX       0x034u
#define VIRTIO_MMIO_QUEUE_NUM           0x038u
#define VIRTIO_MMIO_QUEUE_READY         0x044u
#define VIRTIO_MMIO_QUEUE_NOTIFY        0x050u
#define VIRTIO_MMIO_INTERRUPT_STATUS    0x060u
#define VIRTIO_MMIO_INTERRUPT_ACK       0x064u
#define VIRTIO_MMIO_STATUS              0x070u
#define VIRTIO_MMIO_QUEUE_DESC_LOW      0x080u
#define VIRTIO_MMIO_QUEUE_DESC_HIGH     0x084u
#define VIRTIO_MMIO_QUEUE_DRIVER_LOW    0x090u
#define VIRTIO_MMIO_QUEUE_DRIVER_HIGH   0x094u
#define VIRTIO_MMIO_QUEUE_DEVICE_LOW    0x0a0u
#define VIRTIO_MMIO_QUEUE_DEVICE_HIGH   0x0a4u
#define VIRTIO_MMIO_CONFIG_GENERATION   0x0fcu
#define VIRTIO_MMIO_CONFIG              0x100u

#define VIRTIO_MMIO_MAGIC_VALUE    0x74726976u // "virt"
#define VIRTIO_MMIO_VERSION_MODERN 2u

#define VIRTIO_INTERRUPT_USED                                                                      \
    1u // a used buffer; bits of InterruptStatus and of PCI's ISR (4.1.4.5)
#define VIRTIO_INTERRUPT_CONFIG 2u // the configuration has changed

// --- the PCI transport: common configuration (4.1.4.3) ---
struct virtio_pci_common {
    uint32_t device_feature_select;
    uint32_t device_feature;
    uint32_t driver_feature_select;
    uint32_t driver_feature;
    uint16_t config_msix_vector;
    uint16_t num_queues;
    uint8_t device_status;
    uint8_t config_generation;
    uint16_t queue_select;
    uint16_t queue_size;
    uint16_t queue_msix_vector;
    uint16_t queue_enable;
    uint16_t queue_notify_off;
    uint64_t queue_desc; // 64-bit fields are accessed as two of 32 bits (4.1.3.1)
    uint64_t queue_driver;
    uint64_t queue_device;
};
_Static_assert(sizeof(struct virtio_pci_common) == 56, "4.1.4.3");
_Static_assert(offsetof(struct virtio_pci_common, queue_desc) == 32, "4.1.4.3");
#define VIRTIO_MSI_NO_VECTOR 0xffffu // 4.1.5.1.2: what a vector reads as when it could not be set

// --- block devices (5.2) ---
#define VIRTIO_BLK_F_RO       (UINT64_C(1) << 5)
#define VIRTIO_BLK_F_BLK_SIZE (UINT64_C(1) << 6)
#define VIRTIO_BLK_F_FLUSH    (UINT64_C(1) << 9)

#define VIRTIO_BLK_SECTOR 512u // what `capacity` and `sector` count, whatever the block size

struct virtio_blk_config { // 5.2.4: the beginning
    uint64_t capacity;     // sectors
    uint32_t size_max, seg_max;
    uint16_t cylinders;
    uint8_t heads, sectors;
    uint32_t blk_size; // with F_BLK_SIZE: bytes of a logical block
};
_Static_assert(offsetof(struct virtio_blk_config, blk_size) == 20, "5.2.4");

struct virtio_blk_req { // 5.2.6: then the data, then one status byte
    uint32_t type;
    uint32_t reserved;
    uint64_t sector;
};
_Static_assert(sizeof(struct virtio_blk_req) == 16, "5.2.6");

#define VIRTIO_BLK_T_IN    0u
#define VIRTIO_BLK_T_OUT   1u
#define VIRTIO_BLK_T_FLUSH 4u

#define VIRTIO_BLK_S_OK     0u
#define VIRTIO_BLK_S_IOERR  1u
#define VIRTIO_BLK_S_UNSUPP 2u

// --- consoles (5.3): queue 0 receives, queue 1 transmits, for port 0 ---
#define VIRTIO_CONSOLE_RX 0u
#define VIRTIO_CONSOLE_TX 1u

// --- entropy (5.4): queue 0 ---
#define VIRTIO_RNG_REQUESTS 0u

#endif
