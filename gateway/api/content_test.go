package api

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/order"
)

// body that is sealed, as far as the gateway is concerned.
var (
	sealedBody = bytes.Repeat([]byte("0123456789"), 1000)
	envelope   = []byte(`{"format":"guildmark/envelope/1"}`)
)

func TestContent(t *testing.T) {
	w := newWorld(t)
	w.apply(published(1, sealedBody, envelope))
	path := "/v1/content/" + sum(sealedBody)
	wants(t, w.do("GET", path, ""), 404, "content.not_found")
	put := func(path string, body []byte) *httptest.ResponseRecorder {
		t.Helper()
		return w.do("PUT", path, string(body), header{"Content-Type", "application/octet-stream"})
	}
	wants(t, put(path, sealedBody[1:]), 422, "content.size")
	wants(t, put(path, append([]byte("x"), sealedBody[1:]...)), 422, "content.hash")
	wants(t, put(path, append([]byte("x"), sealedBody...)), 413, "request.too_large")
	wants(t, w.do("GET", path, ""), 404, "content.not_found")
	wants(t, put(path, sealedBody), 201, "")
	wants(t, put(path, sealedBody), 200, "")
	wants(t, put("/v1/content/"+sum(envelope), envelope), 201, "")
	wants(t, put("/v1/content/../../x", envelope), 404, "request.no_route")

	rec := w.do("GET", path, "")
	wants(t, rec, 200, "")
	if !bytes.Equal(rec.Body.Bytes(), sealedBody) {
		t.Fatalf("read back %d bytes", rec.Body.Len())
	}
	rec = w.do("GET", path, "", header{"Range", "bytes=10-19"})
	wants(t, rec, http.StatusPartialContent, "")
	if rec.Body.String() != "0123456789" || rec.Header().Get("Content-Range") != "bytes 10-19/10000" {
		t.Fatalf("range: got %q %q", rec.Body, rec.Header().Get("Content-Range"))
	}
	wants(t, w.do("GET", path, "", header{"If-None-Match", `"` + sum(sealedBody) + `"`}), http.StatusNotModified, "")
}

func TestUnannouncedBytesAreRefused(t *testing.T) {
	w := newWorld(t)
	start := time.Now()
	rec := w.do("PUT", "/v1/content/"+sum(sealedBody), string(sealedBody),
		header{"Content-Type", "application/octet-stream"})
	wants(t, rec, 403, "content.not_announced")
	if took := time.Since(start); took < announceWait {
		t.Fatalf("did not wait for the announcement: %v", took)
	}
}

// TestUploadsOfOneHashAreBounded: strangers who start uploads of an announced hash fill no more than four
// times its size, and the right bytes come in when one of them is found out.
func TestUploadsOfOneHashAreBounded(t *testing.T) {
	w := newWorld(t)
	w.apply(published(1, sealedBody, envelope))
	path := "/v1/content/" + sum(sealedBody)
	put := func(body io.Reader) *httptest.ResponseRecorder {
		req := httptest.NewRequest(http.MethodPut, path, body)
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, req)
		return rec
	}
	started, done := make(chan struct{}), make(chan *httptest.ResponseRecorder)
	var rubbish []*io.PipeWriter
	for range maxRunning {
		r, writer := io.Pipe()
		rubbish = append(rubbish, writer)
		go func() { done <- put(r) }()
		go func() {
			_, _ = writer.Write([]byte("rubbish")) // returns when the upload has begun to read
			started <- struct{}{}
		}()
	}
	for range maxRunning {
		<-started
	}
	wants(t, put(bytes.NewReader(sealedBody)), 429, "content.busy")
	wants(t, w.do("PUT", "/v1/content/"+sum(envelope), string(envelope),
		header{"Content-Type", "application/octet-stream"}), 201, "")
	for i, writer := range rubbish {
		must(t, writer.Close())
		wants(t, <-done, 422, "content.size")
		if i == 0 {
			wants(t, put(bytes.NewReader(sealedBody)), 201, "")
		}
	}
}

// TestUploadWaitsForItsAnnouncement: the event arrives after the upload has begun.
func TestUploadWaitsForItsAnnouncement(t *testing.T) {
	w := newWorld(t)
	done := make(chan *httptest.ResponseRecorder)
	go func() {
		done <- w.do("PUT", "/v1/content/"+sum(sealedBody), string(sealedBody),
			header{"Content-Type", "application/octet-stream"})
	}()
	for len(w.server.uploads) == 0 {
		time.Sleep(time.Millisecond) // until it waits; a upload that came first would pass anyway
	}
	w.apply(published(1, sealedBody, envelope))
	wants(t, <-done, 201, "")
}

func TestCatalogue(t *testing.T) {
	w := newWorld(t)
	w.apply(published(1, sealedBody, envelope))
	w.apply(event("offer.made", theOffer("offer", 1)))
	w.apply(event("dataset.confirmed", dataset.Confirmed{Dataset: id("dataset"), Version: 1, MSP: "LicensorsMSP"}))
	if rec := w.do("GET", "/v1/offers", ""); rec.Body.String() != `{"offers":[]}` {
		t.Fatalf("before it is final: %s", rec.Body)
	}
	wants(t, w.do("GET", "/v1/offers/"+id("offer"), ""), 200, "")
	w.apply(event("dataset.confirmed", dataset.Confirmed{
		Dataset: id("dataset"), Version: 1,
		MSP: "ManufacturerMSP", Final: true,
	}))
	for i := range 4 {
		w.apply(event("offer.made", theOffer(fmt.Sprint("offer", i), 1)))
	}
	got := 0
	for cursor := ""; ; {
		rec := w.do("GET", "/v1/offers?limit=2"+cursor, "")
		wants(t, rec, 200, "")
		got += strings.Count(rec.Body.String(), "guildmark/offer/1")
		_, after, more := strings.Cut(rec.Body.String(), `"next":"`)
		if !more {
			break
		}
		cursor = "&cursor=" + strings.Split(after, `"`)[0]
	}
	if got != 5 {
		t.Fatalf("offers over all pages: got %d, want 5", got)
	}
	rec := w.do("GET", "/v1/datasets/"+id("dataset")+"/versions/1", "")
	wants(t, rec, 200, "")
	if !strings.Contains(rec.Body.String(), `"confirmed":["LicensorsMSP","ManufacturerMSP"],"final":true`) {
		t.Fatalf("dataset: %s", rec.Body)
	}
	wants(t, w.do("GET", "/v1/datasets/"+id("dataset")+"/versions/2", ""), 404, "catalogue.not_found")
	wants(t, w.do("GET", "/v1/datasets/"+id("dataset")+"/versions/0", ""), 422, "request.schema")
	wants(t, w.do("GET", "/v1/datasets/"+id("dataset")+"/versions/01", ""), 422, "request.schema")
	wants(t, w.do("GET", "/v1/offers?cursor=bad", ""), 422, "request.cursor")
	wants(t, w.do("GET", "/v1/offers?limit=0", ""), 422, "request.schema")
	if len(w.reader.calls) != 0 {
		t.Fatalf("the catalogue touched a peer: %v", w.reader.calls)
	}
	wants(t, w.do("GET", "/v1/offers/"+id("offer"), "", header{"If-None-Match", `"` + id("offer") + `"`}), 304, "")
}

func TestMachine(t *testing.T) {
	w := newWorld(t)
	wants(t, w.do("GET", "/v1/machines/"+id("machine"), "", w.machineToken()), 200, "")
	if len(w.reader.calls) != 1 {
		t.Fatalf("calls: %v", w.reader.calls)
	}
	w.apply(event("machine.registered", theMachine()))
	wants(t, w.do("GET", "/v1/machines/"+id("machine"), "", w.machineToken()), 200, "")
	if len(w.reader.calls) != 1 {
		t.Fatalf("the read model has it, but a peer was asked: %v", w.reader.calls)
	}
	w.apply(event("order.placed", theOrder()))
	w.apply(event("order.settled", order.Settled{Settlement: order.Settlement{Order: id("order")}}))
	rec := w.do("GET", "/v1/machines/"+id("machine")+"/orders", "", w.machineToken())
	wants(t, rec, 200, "")
	if !strings.Contains(rec.Body.String(), `"settled":true`) {
		t.Fatalf("orders: %s", rec.Body)
	}
}

// TestRelay: only the documented fields and no header of the client's reach the custodian, which is a
// configured one.
func TestRelay(t *testing.T) {
	good := fmt.Sprintf(`{"machine":%q,"ekCertificate":"AAAA","ak":"AAAA","salt":"00"}`, id("machine"))
	tests := []struct {
		name, msp, body string
		answer          func(http.ResponseWriter)
		status          int
		code            string
	}{
		{"good", "OperatorMSP", good, func(w http.ResponseWriter) {
			fmt.Fprint(w, `{"id":"a1","credentialBlob":"AAAA","secret":"AAAA"}`)
		}, 200, ""},
		{"unknown custodian", "NobodyMSP", good, nil, 404, "custodian.unknown"},
		{
			"unknown field", "OperatorMSP", strings.Replace(good, "{", `{"url":"https://evil.test",`, 1), nil, 422,
			"request.schema",
		},
		{"refused", "OperatorMSP", good, func(w http.ResponseWriter) {
			w.WriteHeader(403)
			fmt.Fprint(w, `{"type":"about:blank","title":"no","status":403,"kind":"Forbidden","code":"activation.chain"}`)
		}, 403, "activation.chain"},
		{"broken", "OperatorMSP", good, func(w http.ResponseWriter) {
			w.WriteHeader(500)
			fmt.Fprint(w,
				"goroutine 1")
		}, 502, "custodian.unavailable"},
		{
			"not JSON", "OperatorMSP", good, func(w http.ResponseWriter) { fmt.Fprint(w, "<html>") }, 502,
			"custodian.unavailable",
		},
		{
			"endless", "OperatorMSP", good,
			func(w http.ResponseWriter) { _, _ = w.Write(bytes.Repeat([]byte("a"), smallBody+10)) }, 502,
			"custodian.unavailable",
		},
		{
			"redirect", "OperatorMSP", good,
			func(w http.ResponseWriter) { w.Header().Set("Location", "https://evil.test"); w.WriteHeader(302) },
			502, "custodian.unavailable",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			asked := 0
			custodian := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				asked++
				if r.URL.Path != "/activations" || r.Header.Get("Authorization") != "" ||
					r.Header.Get("Cookie") != "" || r.Header.Get("X-Forwarded-For") != "" {
					t.Errorf("the custodian got %s %v", r.URL, r.Header)
				}
				tt.answer(rw)
			}))
			defer custodian.Close()
			w.build(map[string]string{"OperatorMSP": custodian.URL})
			client := custodian.Client()
			client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			w.server.config.Relay = client
			rec := w.do("POST", "/v1/custodians/"+tt.msp+"/activations", tt.body,
				header{"Authorization", "Bearer x"}, header{"Cookie", "a=b"}, header{"X-Forwarded-For", "x"})
			wants(t, rec, tt.status, tt.code)
			if (asked == 1) != (tt.answer != nil) {
				t.Fatalf("the custodian was asked %d times", asked)
			}
		})
	}
}

func TestRelayFinish(t *testing.T) {
	w := newWorld(t)
	custodian := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/activations/a-1_b" {
			t.Errorf("path: %s", r.URL.Path)
		}
		fmt.Fprint(rw, "{}")
	}))
	defer custodian.Close()
	w.build(map[string]string{"OperatorMSP": custodian.URL})
	w.server.config.Relay = custodian.Client()
	wants(t, w.do("POST", "/v1/custodians/OperatorMSP/activations/a-1_b", `{"proof":"00"}`), 200, "")
	wants(t, w.do("POST", "/v1/custodians/OperatorMSP/activations/a%2Fb", `{"proof":"00"}`), 404, "request.no_route")
	wants(t, w.do("POST", "/v1/custodians/OperatorMSP/activations/a.b", `{"proof":"00"}`), 422, "request.schema")
	custodian.Close()
	wants(t, w.do("POST", "/v1/custodians/OperatorMSP/activations/a-1_b", `{"proof":"00"}`), 502,
		"custodian.unavailable")
}
