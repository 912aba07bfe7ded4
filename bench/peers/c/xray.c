// A function with LLVM XRay's sleds, in a loop. XRAY_MODE is "", for a handler that does nothing, or the name of one of its logs.
#include <xray/xray_interface.h>
#include <xray/xray_log_interface.h>

long __attribute__((noinline, xray_always_instrument)) work(long n)
{
	__asm__ volatile("" : "+r"(n));
	return n + 1;
}

#define NOT_TRACED xray_never_instrument
#define call(i) work(i)

static void __attribute__((xray_never_instrument)) nothing(int32_t function, enum XRayEntryType type)
{
	(void)function, (void)type;
}

static const char *__attribute__((xray_never_instrument)) on(void)
{
	if (!*XRAY_MODE)
		__xray_set_handler(nothing);
	else if (__xray_log_select_mode(XRAY_MODE) != XRAY_REGISTRATION_OK)
		return "there is no such mode";
	else if (__xray_log_init_mode(XRAY_MODE, XRAY_OPTIONS) != XRAY_LOG_INITIALIZED)
		return "the log could not be initialised";
	return __xray_patch() == SUCCESS ? "ok" : "patching failed";
}

static const char *__attribute__((xray_never_instrument)) off(void)
{
	if (__xray_unpatch() != SUCCESS)
		return "unpatching failed";
	if (!*XRAY_MODE)
		return "ok";
	if (__xray_log_finalize() != XRAY_LOG_FINALIZED)
		return "the log could not be finalised";
	return __xray_log_flushLog() == XRAY_LOG_FLUSHED ? "ok" : "the log could not be flushed";
}
#include "loop.h"
