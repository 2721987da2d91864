package auth

import (
	"bufio"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// A client that sends its form a byte at a time, or not at all, loses the connection; without a bound anybody
// could hold as many as the server has.
func TestSlowBody(t *testing.T) {
	w := newWorld(t)
	w.server.patience = time.Second
	server := httptest.NewTLSServer(w.server.Handler())
	t.Cleanup(server.Close)
	dial := func() *tls.Conn {
		conn, err := (&tls.Dialer{Config: &tls.Config{RootCAs: roots(server)}}).DialContext(t.Context(), "tcp",
			server.Listener.Addr().String())
		must(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		must(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
		return conn.(*tls.Conn)
	}
	post := func(conn *tls.Conn, length int, body string) (string, error) {
		_, err := fmt.Fprintf(conn, "POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: "+
			"application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", length, body)
		must(t, err)
		in := bufio.NewReader(conn)
		status, err := in.ReadString('\n')
		if err == nil {
			_, err = io.Copy(io.Discard, in) // until the server closes
		}
		return status, err
	}
	form := w.form(w.assertion(nil)).Encode()
	conn := dial()
	_, err := fmt.Fprintf(conn, "POST /oauth/token HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: "+
		"application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", len(form), form)
	must(t, err)
	if status, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(status, "200") {
		t.Fatalf("honest: got %q, %v", status, err)
	}
	if status, err := post(dial(), 4000, "grant_type="); err != nil || !strings.Contains(status, "400") {
		t.Errorf("dribbled: got %q, %v; want 400 and the end of the connection", status, err)
	}
}

// What else an assertion's header and times could try.
func TestAssertionTricks(t *testing.T) {
	now := time.Now()
	header := func(w *world, change func(map[string]any)) string {
		token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
			"iss": id("machine"), "sub": id("machine"), "aud": issuer, "jti": "x", "iat": now.Unix(),
			"exp": now.Add(time.Minute).Unix(),
		})
		change(token.Header)
		raw, err := token.SignedString(w.key)
		must(t, err)
		return raw
	}
	tests := []struct {
		name      string
		assertion func(w *world) string
		status    int
		code      string
	}{
		{"another machine's key id", func(w *world) string {
			return header(w,
				func(h map[string]any) { h["kid"] = id("other") })
		}, 200, ""},
		{"its own key in the header", func(_ *world) string {
			stranger := newKey(t)
			token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
				"iss": id("machine"), "sub": id("machine"), "aud": issuer, "jti": "x", "iat": now.Unix(),
				"exp": now.Add(time.Minute).Unix(),
			})
			token.Header["jwk"] = map[string]string{
				"kty": "EC", "crv": "P-256",
				"x": base64.RawURLEncoding.EncodeToString(stranger.X.FillBytes(make([]byte, 32))),
				"y": base64.RawURLEncoding.EncodeToString(stranger.Y.FillBytes(make([]byte, 32))),
			}
			raw, err := token.SignedString(stranger)
			must(t, err)
			return raw
		}, 401, "invalid_client"},
		{"an extension that must be understood", func(w *world) string {
			return header(w, func(h map[string]any) { h["crit"], h["x"] = []string{"x"}, 1 })
		}, 401, "invalid_client"},
		{"made tomorrow", func(w *world) string {
			return w.assertion(func(c jwt.MapClaims) { c["iat"] = now.Add(24 * time.Hour).Unix() })
		}, 401, "invalid_client"},
		{"expires in the year 292277026596", func(w *world) string {
			return w.assertion(func(c jwt.MapClaims) { c["exp"] = int64(1<<63 - 1) })
		}, 401, "invalid_client"},
		{"a negative expiry", func(w *world) string {
			return w.assertion(
				func(c jwt.MapClaims) { c["exp"] = -1 })
		}, 401, "invalid_client"},
		{"the JSON serialization", func(w *world) string {
			part := strings.Split(w.assertion(nil), ".")
			doc, err := json.Marshal(map[string]string{
				"protected": part[0], "payload": part[1],
				"signature": part[2],
			})
			must(t, err)
			return string(doc)
		}, 401, "invalid_client"},
		{"a signature of zeros", func(w *world) string {
			part := strings.Split(w.assertion(nil), ".")
			return part[0] + "." + part[1] + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 64))
		}, 401, "invalid_client"},
		{"no signature", func(w *world) string {
			part := strings.Split(w.assertion(nil), ".")
			return part[0] + "." + part[1] + "."
		}, 401, "invalid_client"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			wants(t, w.post(w.form(tt.assertion(w))), tt.status, tt.code)
		})
	}
}

// The other form of an ECDSA signature (r, n - s) is as good to a verifier: it must still be the same
// assertion.
func TestAssertionInItsOtherFormCountsOnce(t *testing.T) {
	w := newWorld(t)
	assertion := w.assertion(nil)
	part := strings.Split(assertion, ".")
	signature, err := base64.RawURLEncoding.DecodeString(part[2])
	must(t, err)
	copy(signature[32:], otherForm(signature[32:]))
	wants(t, w.post(w.form(assertion)), 200, "")
	wants(t, w.post(w.form(part[0]+"."+part[1]+"."+base64.RawURLEncoding.EncodeToString(signature))), 401,
		"invalid_client")
}

func otherForm(s []byte) []byte {
	n := elliptic.P256().Params().N
	return new(big.Int).Sub(n, new(big.Int).SetBytes(s)).FillBytes(make([]byte, 32))
}

func roots(s *httptest.Server) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return pool
}
