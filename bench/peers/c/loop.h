// What the C subjects share: a loop of calls that runs when it is told to, and says how long it took.
//
// Each line on standard input is a command, each gets a line as its answer:
//
//	run BURSTS CALLS PAUSE SPIN   that many bursts of calls, PAUSE microseconds between them and SPIN turns of
//	                              other work after each call; the answer is the nanoseconds of each burst
//	on, off                       arm and disarm; the answer is ok, or what went wrong
//
// A subject defines call, on and off before it includes this.
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static long now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static volatile unsigned long sink;

static void __attribute__((noinline, NOT_TRACED)) dense(long calls)
{
	for (long i = 0; i < calls; i++)
		call(i);
}

static void __attribute__((noinline, NOT_TRACED)) sparse(long calls, long spin)
{
	unsigned long x = 1;
	for (long i = 0; i < calls; i++) {
		call(i);
		for (long k = 0; k < spin; k++)
			x = x * 6364136223846793005UL + 1;
	}
	sink = x;
}

static void __attribute__((NOT_TRACED)) run(long bursts, long calls, long pause, long spin)
{
	for (long b = 0; b < bursts; b++) {
		usleep(pause);
		long start = now();
		if (spin)
			sparse(calls, spin);
		else
			dense(calls);
		printf("%ld ", now() - start);
	}
	printf("\n");
}

int __attribute__((NOT_TRACED)) main(void)
{
	char line[256];
	long bursts, calls, pause, spin;
	while (fgets(line, sizeof line, stdin)) {
		if (sscanf(line, "run %ld %ld %ld %ld", &bursts, &calls, &pause, &spin) == 4)
			run(bursts, calls, pause, spin);
		else if (!strncmp(line, "on", 2))
			puts(on());
		else if (!strncmp(line, "off", 3))
			puts(off());
		else
			puts("what?");
		fflush(stdout);
	}
	return 0;
}
