//go:build cgothreads

package main

/*
#cgo LDFLAGS: -lpthread
#include <pthread.h>
#include <signal.h>

extern void goCallback(int);

// A thread of C's own with all signals blocked, as libraries like to do it.
static void *thread(void *arg) {
	sigset_t all;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, 0);
	for (int i = 0; i < 20; i++)
		goCallback(i);
	return 0;
}

static void threads(void) {
	pthread_t t[4];
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], 0, thread, 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], 0);
}
*/
import "C"

//export goCallback
func goCallback(i C.int) {
	for _, h := range hooks {
		h.calls[int(i)%len(h.calls)](noWorker, 2)
	}
}

func init() { extra = append(extra, func() { C.threads() }) }
