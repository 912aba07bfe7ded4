// A function in a loop. How it is compiled is what differs: plainly, and in the ways that uftrace and uprobes make use of.
#ifdef FIRST
// A first instruction that is dear to probe, or cheap: no compiler lays down the no-op that the kernel turns into a call.
__asm__(".text\n.globl work\n.type work, @function\nwork:\n" FIRST "\nlea 1(%rdi), %rax\n" LAST "\nret\n.size work, .-work\n");
long work(long n);
#else
long __attribute__((noinline)) work(long n)
{
	__asm__ volatile("" : "+r"(n));
	return n + 1;
}
#endif

#define NOT_TRACED no_instrument_function
#define call(i) work(i)
static const char *on(void) { return "ok"; }
static const char *off(void) { return "ok"; }
#include "loop.h"
