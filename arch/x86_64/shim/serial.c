// SPDX-License-Identifier: BSD-2-Clause
// The 16550 UART at COM1 (National Semiconductor PC16550D, register summary).

#include "arch/x86_64/shim/serial.h"

#include "abi/companion.h"
#include "arch/x86_64/shim/io.h"

#define COM       COMPANION_COM
#define RBR_THR   (COM + 0) // receive / transmit; divisor low with DLAB
#define IER       (COM + 1) // interrupt enable; divisor high with DLAB
#define IER_RX    0x01
#define FCR       (COM + 2) // FIFO control
#define FCR_ON    0x07      // enabled and cleared, interrupt at one byte
#define LCR       (COM + 3) // line control
#define LCR_8N1   0x03
#define LCR_DLAB  0x80
#define MCR       (COM + 4) // modem control
#define MCR_ON    0x0b      // DTR, RTS, OUT2 (which gates the interrupt on a PC)
#define LSR       (COM + 5) // line status
#define LSR_DATA  0x01
#define LSR_EMPTY 0x20      // room for a byte
#define LSR_IDLE  0x40      // the shifter is empty too
#define SCR       (COM + 7) // scratch
#define PATIENCE  100000u   // polls of a port, each about a microsecond on a real machine

static int present;

// A port that is not there reads as ones. The scratch register keeps what it is given, and nothing
// depends on it.
int serial_init(void)
{
    outb(SCR, 0x5a);
    present = inb(SCR) == 0x5a;
    if (!present)
        return 0;
    outb(IER, 0);
    outb(LCR, LCR_DLAB | LCR_8N1);
    outb(RBR_THR, 1); // divisor 1: 115200
    outb(IER, 0);
    outb(LCR, LCR_8N1);
    outb(FCR, FCR_ON);
    outb(MCR, MCR_ON);
    return 1;
}

// Bounded: a UART that has vanished, or flow control that is stuck, loses bytes but does not stop
// the machine.
static void wait_for(uint8_t bits)
{
    for (unsigned i = 0; i < PATIENCE && !(inb(LSR) & bits); i++)
        ;
}

// Polled, so that a panic can use it in any state of the machine.
void serial_put(char c)
{
    if (!present)
        return;
    wait_for(LSR_EMPTY);
    outb(RBR_THR, (uint8_t)c);
}

// Without waiting. -1: nothing has come.
int serial_get(void)
{
    return present && (inb(LSR) & LSR_DATA) ? inb(RBR_THR) : -1;
}

// From here on a byte that comes raises VECTOR_SERIAL.
void serial_listen(void)
{
    if (present)
        outb(IER, IER_RX);
}

// Before the machine is switched off, or the last line would be lost in the UART.
void serial_flush(void)
{
    if (present)
        wait_for(LSR_IDLE);
}
