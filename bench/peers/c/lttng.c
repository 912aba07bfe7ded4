// A tracepoint of LTTng-UST with one integer, in a loop; without HIT the same function has none. What arms it is the lttng command.
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "lttng_tp.h"

long __attribute__((noinline)) work(long n)
{
#ifdef HIT
	lttng_ust_tracepoint(gkhi_peers, hit, n);
#endif
	__asm__ volatile("" : "+r"(n));
	return n + 1;
}

#define NOT_TRACED no_instrument_function
#define call(i) work(i)
static const char *on(void) { return "ok"; }
static const char *off(void) { return "ok"; }
#include "loop.h"
