// What the assembly knows of blocks, of the runtime's g, and of wants.

// The owners of blocks, by slot, on amd64 as -m, so that a sum tells whether a slot is ours;
// then the blocks. See slots in block_linux.go.
#define BLOCKS 2048

// Offsets in a block's header.
#define H_COUNTERS 0 // address of the counter of text address 0
#define H_HEAD 8     // events written
#define H_GOID 16    // offset of goid in g
#define H_DROPPED 24
#define H_NEXT 32    // amd64: address of the slot that head means
#define H_MINUSEND 40 // amd64: minus the address behind the ring
#define H_LIMIT 64   // head may go up to here; on a line of its own

#define RING 4096    // offset of the ring in a block
#define RING_EVENTS 262144
#define RING_BYTES 8388608
#define G_M 48       // offset of m in g; checked at start
#define G_STACKHI 8  // offset of the stack's upper end in g; checked too

// Offsets in a want: see SetWants.
#define W_VALUES 0 // how many, 16 bits
#define W_CALLERS 2 // 16 bits: 0 for none
#define W_FRAME 4  // distance from SP at the site to the frame's end; 0 if not known, -1 if there is no frame
#define W_AT 8     // distance of each value from SP in fullHit
