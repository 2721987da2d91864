package client

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/hyperledger/fabric-gateway/pkg/identity"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric-protos-go-apiv2/orderer"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"
)

// fake is a Fabric gateway at the gRPC edge: it endorses anything and behaves at submit as the test says.
type fake struct {
	gateway.UnimplementedGatewayServer
	peer.UnimplementedDeliverServer
	msp       string // "" = OperatorMSP
	height    uint64 // what qscc answers
	mu        sync.Mutex
	endorse   func(call int, r *gateway.EndorseRequest) error // nil: success
	submit    func(call int, r *gateway.SubmitRequest) (commits bool, err error)
	code      func(call int) peer.TxValidationCode // of what commits; nil: VALID
	evaluate  func(call int) error
	status    func(ctx context.Context) error // before a commit status is given; nil: nothing
	filtered  func(ctx context.Context) error // before a filtered block is given; nil: nothing
	endorsed  []*gateway.EndorseRequest
	submitted []*gateway.SubmitRequest
	blocks    int // filtered blocks asked for
	asked     int
	evaluated int
	committed map[string]peer.TxValidationCode
}

func (f *fake) Endorse(_ context.Context, r *gateway.EndorseRequest) (*gateway.EndorseResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.endorsed = append(f.endorsed, r)
	if f.endorse != nil {
		if err := f.endorse(len(f.endorsed), r); err != nil {
			return nil, err
		}
	}
	return &gateway.EndorseResponse{PreparedTransaction: &common.Envelope{Payload: endorsedPayload(r)}}, nil
}

func (f *fake) Submit(_ context.Context, r *gateway.SubmitRequest) (*gateway.SubmitResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.submitted = append(f.submitted, r)
	commits, err := true, error(nil)
	if f.submit != nil {
		commits, err = f.submit(len(f.submitted), r)
	}
	if commits {
		code := peer.TxValidationCode_VALID
		if f.code != nil {
			code = f.code(len(f.submitted))
		}
		f.committed[r.GetTransactionId()] = code
	}
	if err != nil {
		return nil, err
	}
	return &gateway.SubmitResponse{}, nil
}

func (f *fake) CommitStatus(ctx context.Context,
	r *gateway.SignedCommitStatusRequest,
) (*gateway.CommitStatusResponse, error) {
	var request gateway.CommitStatusRequest
	if err := proto.Unmarshal(r.GetRequest(), &request); err != nil {
		return nil, err
	}
	f.mu.Lock()
	f.asked++
	f.mu.Unlock()
	if f.status != nil {
		if err := f.status(ctx); err != nil {
			return nil, err
		}
	}
	f.mu.Lock()
	code, ok := f.committed[request.GetTransactionId()]
	f.mu.Unlock()
	if !ok { // a real one waits for the block too
		<-ctx.Done()
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	return &gateway.CommitStatusResponse{Result: code, BlockNumber: 7}, nil
}

// DeliverFiltered gives the block that is asked for.
func (f *fake) DeliverFiltered(stream grpc.BidiStreamingServer[common.Envelope, peer.DeliverResponse]) error {
	e, err := stream.Recv()
	if err != nil {
		return err
	}
	var payload common.Payload
	var seek orderer.SeekInfo
	must(proto.Unmarshal(e.GetPayload(), &payload))
	must(proto.Unmarshal(payload.GetData(), &seek))
	f.mu.Lock()
	f.blocks++
	f.mu.Unlock()
	if f.filtered != nil {
		if err := f.filtered(stream.Context()); err != nil {
			return err
		}
	}
	block := &peer.FilteredBlock{Number: seek.GetStart().GetSpecified().GetNumber()}
	return stream.Send(&peer.DeliverResponse{Type: &peer.DeliverResponse_FilteredBlock{FilteredBlock: block}})
}

func (f *fake) Evaluate(context.Context, *gateway.EvaluateRequest) (*gateway.EvaluateResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.height > 0 {
		return &gateway.EvaluateResponse{Result: &peer.Response{Payload: marshal(
			&common.BlockchainInfo{Height: f.height})}}, nil
	}
	f.evaluated++
	if f.evaluate != nil {
		if err := f.evaluate(f.evaluated); err != nil {
			return nil, err
		}
	}
	return &gateway.EvaluateResponse{Result: &peer.Response{Payload: []byte("answer")}}, nil
}

// endorsedPayload is the transaction a gateway would prepare of a proposal.
func endorsedPayload(r *gateway.EndorseRequest) []byte {
	var p peer.Proposal
	var h common.Header
	must(proto.Unmarshal(r.GetProposedTransaction().GetProposalBytes(), &p))
	must(proto.Unmarshal(p.GetHeader(), &h))
	action := marshal(&peer.ChaincodeAction{Response: &peer.Response{Status: 200, Payload: []byte("result")}})
	return marshal(&common.Payload{Header: &h, Data: marshal(&peer.Transaction{Actions: []*peer.TransactionAction{{
		Header: h.GetSignatureHeader(),
		Payload: marshal(&peer.ChaincodeActionPayload{
			ChaincodeProposalPayload: p.GetPayload(),
			Action: &peer.ChaincodeEndorsedAction{
				ProposalResponsePayload: marshal(&peer.ProposalResponsePayload{
					ProposalHash: []byte("h"),
					Extension:    action,
				}),
				Endorsements: []*peer.Endorsement{{Endorser: marshal(
					&msp.SerializedIdentity{Mspid: "A", IdBytes: []byte("c")}), Signature: []byte("s")}},
			},
		}),
	}}})})
}

func marshal(m proto.Message) []byte {
	b, err := proto.Marshal(m)
	must(err)
	return b
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// refuse is a gateway's error with a detail, as peers and orderers send theirs.
func refuse(code codes.Code, message string, details ...string) error {
	s := status.New(code, message)
	for _, d := range details {
		s = blaming(s, "OperatorMSP", d)
	}
	return s.Err()
}

func blaming(s *status.Status, msp, message string) *status.Status {
	with, err := s.WithDetails(&gateway.ErrorDetail{Address: "127.0.0.1:1", MspId: msp, Message: message})
	must(err)
	return with
}

// connect makes a client of fake gateways, with timeouts short enough for tests.
func connect(t *testing.T, fakes ...*fake) *Client {
	t.Helper()
	return connectWith(t, Config{}, fakes...)
}

func connectWith(t *testing.T, config Config, fakes ...*fake) *Client {
	t.Helper()
	id := testIdentity(t)
	var nodes []*node
	for i, f := range fakes {
		if f.committed == nil {
			f.committed = map[string]peer.TxValidationCode{}
		}
		if i > 0 {
			f.committed = fakes[0].committed // one ledger
		}
		n, err := newNode(string(rune('a'+i)), cmp.Or(f.msp, "OperatorMSP"), serve(t, f), id)
		if err != nil {
			t.Fatal(err)
		}
		nodes = append(nodes, n)
	}
	c, err := newClient(nodes, id, "guildmark", "guildmark", config)
	if err != nil {
		t.Fatal(err)
	}
	c.limits.commit, c.limits.named, c.limits.lag = 100*time.Millisecond, 200*time.Millisecond, 500*time.Millisecond
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return c
}

func serve(t *testing.T, f *fake) *grpc.ClientConn {
	t.Helper()
	l := bufconn.Listen(1 << 20)
	s := grpc.NewServer()
	gateway.RegisterGatewayServer(s, f)
	peer.RegisterDeliverServer(s, f)
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Stop()
		if err := <-done; err != nil {
			t.Errorf("fake gateway: %v", err)
		}
	})
	conn, err := grpc.NewClient("passthrough:///fake", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func testIdentity(t *testing.T) Identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"},
		NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	sign, err := identity.NewPrivateKeySign(key)
	if err != nil {
		t.Fatal(err)
	}
	return Identity{MSP: "OperatorMSP", Certificate: pem.EncodeToMemory(&pem.Block{
		Type:  "CERTIFICATE",
		Bytes: der,
	}), Sign: sign}
}
