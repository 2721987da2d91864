package rpc

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"unicode"

	"github.com/btcsuite/btcd/chainhash/v2"
)

// Error is what the node answers when it can't or will not do what was asked.
type Error struct {
	Code    int    `json:"code"` // the node's own number; btcd and Bitcoin Core share them
	Message string `json:"message"`
}

// Error reads for a person. The message is the node's: shortened, without control characters.
func (e *Error) Error() string {
	text := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, e.Message)
	const most = 300
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return "the node says: " + text + " (" + strconv.Itoa(e.Code) + ")"
}

// The codes that decide something, from btcd's btcjson and Bitcoin Core's rpc/protocol.h.
const (
	outOfRange       = -1 // btcd: no block at this height
	notFound         = -5
	invalidParameter = -8 // Bitcoin Core: the same
	txRejected       = -26
	alreadyInChain   = -27
	methodNotFound   = -32601
)

// has reports the two answers to a transaction that mean "I have it": mined, and waiting in btcd's pool.
func (e *Error) has() bool {
	return e.Code == alreadyInChain || e.Code == txRejected && strings.Contains(e.Message, "already have transaction")
}

// codeOf is the node's number behind an error, 0 when there is none.
func codeOf(err error) int {
	if refused, ok := errors.AsType[*Error](err); ok {
		return refused.Code
	}
	return 0
}

// maxAnswer bounds an answer: a block has at most 4,000,000 bytes (BIP-141), twice that in hex.
const maxAnswer = 9 << 20

type request struct {
	Version string `json:"jsonrpc"`
	ID      int    `json:"id"`
	Method  string `json:"method"`
	Params  []any  `json:"params"`
}

func newRequest(id int, method string, params []any) request {
	if params == nil {
		params = []any{}
	}
	return request{"2.0", id, method, params}
}

type reply struct {
	ID     int             `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  *Error          `json:"error"`
}

// into decodes the result of the call with an id, or returns the node's error.
func (r reply) into(id int, result any) error {
	if r.Error != nil {
		return r.Error
	}
	if r.ID != id {
		return fmt.Errorf("%w: an answer to call %d, expected %d", ErrNode, r.ID, id)
	}
	if result == nil {
		return nil
	}
	if _, raw := result.(*json.RawMessage); !raw && string(r.Result) == "null" {
		return fmt.Errorf("%w: no result", ErrNode)
	}
	if err := json.Unmarshal(r.Result, result); err != nil {
		return fmt.Errorf("%w: %w", ErrNode, err)
	}
	return nil
}

// Call asks the node for a method's result. With nil for the result it waits for success alone. A result of
// null is an error unless a *json.RawMessage takes it.
func (n *Node) Call(ctx context.Context, method string, result any, params ...any) error {
	raw, err := n.post(ctx, newRequest(0, method, params))
	if err == nil {
		err = parse(raw, result)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	return nil
}

func parse(raw []byte, result any) error {
	var r reply
	if err := json.Unmarshal(raw, &r); err != nil {
		return fmt.Errorf("%w: %w", ErrNode, err)
	}
	return r.into(0, result)
}

// batchSize bounds how many calls travel in one request; a header and its frame have about 250 bytes.
const batchSize = 1000

// batch makes one method's calls in one request and returns their results in the same order.
func batch[T any](ctx context.Context, n *Node, method string, params [][]any) ([]T, error) {
	if len(params) == 0 {
		return nil, nil
	}
	calls := make([]request, len(params))
	for i, p := range params {
		calls[i] = newRequest(i, method, p)
	}
	raw, err := n.post(ctx, calls)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	results, err := parseBatch[T](raw, len(calls))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	return results, nil
}

// parseBatch puts the answers, which come in any order, into the order of their calls.
func parseBatch[T any](raw []byte, calls int) ([]T, error) {
	var replies []reply
	if err := json.Unmarshal(raw, &replies); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNode, err)
	}
	results, seen := make([]T, calls), map[int]bool{}
	for _, r := range replies {
		if r.ID < 0 || r.ID >= calls || seen[r.ID] {
			return nil, fmt.Errorf("%w: an answer to call %d, expected each of %d once", ErrNode, r.ID, calls)
		}
		seen[r.ID] = true
		if err := r.into(r.ID, &results[r.ID]); err != nil {
			return nil, err
		}
	}
	if len(replies) != calls {
		return nil, fmt.Errorf("%w: %d answers to %d calls", ErrNode, len(replies), calls)
	}
	return results, nil
}

// post sends a body and returns the answer's bytes. A node reports its own errors with status 200, 404 or
// 500.
func (n *Node) post(ctx context.Context, body any) ([]byte, error) {
	doc, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encode the call: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, n.url, bytes.NewReader(doc))
	if err != nil {
		return nil, fmt.Errorf("make the call: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.SetBasicAuth(n.user, n.password)
	rsp, err := n.web.Do(req)
	if err != nil {
		return nil, unanswered(ctx, err)
	}
	defer func() { _ = rsp.Body.Close() }() // read to its end or given up
	raw, err := io.ReadAll(io.LimitReader(rsp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, unanswered(ctx, err)
	case len(raw) > maxAnswer:
		return nil, fmt.Errorf("%w: an answer of more than %d bytes", ErrNode, maxAnswer)
	case rsp.StatusCode == http.StatusUnauthorized || rsp.StatusCode == http.StatusForbidden:
		return nil, fmt.Errorf("%w: it rejects user or password (%s)", ErrNode, rsp.Status)
	case rsp.StatusCode != http.StatusOK && !json.Valid(raw):
		return nil, fmt.Errorf("%w: %s", ErrNode, rsp.Status)
	}
	return raw, nil
}

// unanswered keeps the end of the caller's context apart from the node's silence.
func unanswered(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%w: %w", ErrNode, err)
}

// text32 is a hash as Bitcoin writes it, bytes reversed.
type text32 chainhash.Hash

func (h *text32) UnmarshalText(text []byte) error {
	hash, err := chainhash.NewHashFromStr(string(text))
	if err != nil || len(text) != chainhash.MaxHashStringSize {
		return fmt.Errorf("expected a hash of %d hex digits, got %d characters", chainhash.MaxHashStringSize,
			len(text))
	}
	*h = text32(*hash)
	return nil
}

// bytesHex is bytes as hex digits.
type bytesHex []byte

func (b *bytesHex) UnmarshalText(text []byte) (err error) {
	*b, err = hex.DecodeString(string(text))
	return err
}
