#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER gkhi_peers

#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "./lttng_tp.h"

#if !defined(LTTNG_TP_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define LTTNG_TP_H

#include <lttng/tracepoint.h>

LTTNG_UST_TRACEPOINT_EVENT(gkhi_peers, hit,
	LTTNG_UST_TP_ARGS(long, n),
	LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(long, n, n)))

#endif

#include <lttng/tracepoint-event.h>
