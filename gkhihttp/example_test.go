package gkhihttp_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/gkhi/gkhi/gkhihttp"
)

func ExampleHandler() {
	mux := http.NewServeMux()
	mux.Handle(gkhihttp.Path, gkhihttp.Handler())

	resp := httptest.NewRecorder()
	mux.ServeHTTP(resp, httptest.NewRequest("GET", "/debug/gkhi/ls?pattern=no.such.hook", nil))
	fmt.Println(resp.Code)
	fmt.Print(resp.Body)
	// Output:
	// 404
	// {"error":{"code":"not-found","message":"no hook matches \"no.such.hook\""}}
}
