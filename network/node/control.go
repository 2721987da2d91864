package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// request is the body of a client's request; the response is []Status for /list, else reply.
type request struct {
	Specs     []Spec   `json:"specs,omitempty"`
	Selectors []string `json:"selectors,omitempty"`
}

type reply struct {
	Kind    string `json:"kind,omitempty"` // of the error, one of kinds
	Message string `json:"message,omitempty"`
}

// kinds carries sentinels across the socket.
func kinds() map[string]error {
	return map[string]error{"unknown": ErrUnknown, "exists": ErrExists, "spec": ErrSpec, "down": ErrDown}
}

// Serve serves clients on a unix socket that only the owner may open, until the supervisor is down. The
// socket is removed when it returns.
func Serve(sup *Supervisor, socket string) error {
	listener, err := listenPrivate(socket)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(socket) }()
	server := &http.Server{Handler: sup.handler(), ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		sup.Down()
		return fmt.Errorf("serve %s: %w", socket, err)
	case <-sup.Gone():
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second) // lets the answer to /down leave
	defer cancel()
	if err := server.Shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("serve %s: %w", socket, err)
	}
	return server.Close()
}

// listenPrivate makes the socket with mode 0600 from its first moment. A socket on which nobody answers is
// left over from a supervisor that was killed, and is replaced.
func listenPrivate(socket string) (net.Listener, error) {
	if conn, err := dialSocket(context.Background(), socket); err == nil {
		_ = conn.Close()
		return nil, fmt.Errorf("%w: another supervisor serves %s", ErrExists, socket)
	}
	if err := os.Remove(socket); err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("serve %s: %w", socket, err)
	}
	path, release, err := shortPath(socket)
	if err != nil {
		return nil, err
	}
	defer release()
	old := syscall.Umask(0o177)
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "unix", path)
	syscall.Umask(old)
	if err != nil {
		return nil, fmt.Errorf("serve %s: %w", socket, err)
	}
	if unix, ok := listener.(*net.UnixListener); ok {
		unix.SetUnlinkOnClose(false) // Serve removes it by its real name
	}
	return listener, nil
}

// shortPath returns a name of at most 100 bytes for a socket: sun_path holds 108 (unix(7)), and folders of
// clones and tests can be longer.
func shortPath(socket string) (string, func(), error) {
	if len(socket) <= 100 {
		return socket, func() {}, nil
	}
	dir, err := os.Open(filepath.Dir(socket))
	if err != nil {
		return "", nil, fmt.Errorf("folder of socket: %w", err)
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(socket)), func() { _ = dir.Close() }, nil
}

func dialSocket(ctx context.Context, socket string) (net.Conn, error) {
	path, release, err := shortPath(socket)
	if err != nil {
		return nil, err
	}
	defer release()
	return (&net.Dialer{}).DialContext(ctx, "unix", path)
}

func (s *Supervisor) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /list", func(w http.ResponseWriter, _ *http.Request) { answer(w, s.List()) })
	mux.HandleFunc("GET /pid", func(w http.ResponseWriter, _ *http.Request) { answer(w, os.Getpid()) })
	handle := func(name string, act func(context.Context, request) error) {
		mux.HandleFunc("POST /"+name, func(w http.ResponseWriter, r *http.Request) {
			var req request
			d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
			d.DisallowUnknownFields()
			if err := d.Decode(&req); err != nil {
				fail(w, fmt.Errorf("%w: %w", ErrSpec, err))
				return
			}
			if err := act(r.Context(), req); err != nil {
				fail(w, err)
				return
			}
			answer(w, reply{})
		})
	}
	handle("add", func(_ context.Context, r request) error { return s.Add(r.Specs...) }) //nolint:contextcheck // processes outlive the request
	handle("start", func(_ context.Context, r request) error { return s.Start(r.Selectors...) })
	handle("kill", func(ctx context.Context, r request) error { return s.Kill(ctx, r.Selectors...) })
	handle("stop", func(ctx context.Context, r request) error { return s.Stop(ctx, r.Selectors...) })
	handle("remove", func(ctx context.Context, r request) error { return s.Remove(ctx, r.Selectors...) })
	handle("await", func(ctx context.Context, r request) error { return s.Await(ctx, r.Selectors...) })
	handle("hold", func(ctx context.Context, _ request) error { return s.hold(ctx) })
	handle("release", func(context.Context, request) error { s.release(); return nil })
	handle("down", func(context.Context, request) error {
		s.Down() //nolint:contextcheck // it ends whatever the client does
		return nil
	})
	return mux
}

// hold ties the network to one connection: when the client is gone before it released, everything stops. So
// an `up` that is killed leaves no process.
func (s *Supervisor) hold(ctx context.Context) error {
	select {
	case <-ctx.Done():
		s.log.Warn("the command that was starting the network has ended, stopping everything")
		s.Down() //nolint:contextcheck // it ends because the client went away
		return ctx.Err()
	case <-s.released:
		return nil
	case <-s.gone:
		return ErrDown
	}
}

// release lets the network run on without the client that started it.
func (s *Supervisor) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.released:
	default:
		close(s.released)
	}
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client is gone: nobody to tell
}

func fail(w http.ResponseWriter, err error) {
	r := reply{Message: err.Error()}
	for kind, sentinel := range kinds() {
		if errors.Is(err, sentinel) {
			r.Kind = kind
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusConflict)
	_ = json.NewEncoder(w).Encode(r)
}
