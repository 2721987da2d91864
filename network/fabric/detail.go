package fabric

import (
	"strings"

	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"google.golang.org/grpc/status"
)

// detailed is an error's text with the messages of the gateway's peers, which gRPC transports beside it.
func detailed(err error) string {
	var b strings.Builder
	b.WriteString(err.Error())
	for _, d := range status.Convert(err).Details() {
		if e, ok := d.(*gateway.ErrorDetail); ok {
			b.WriteString("; " + e.GetMspId() + " " + e.GetAddress() + ": " + e.GetMessage())
		}
	}
	return b.String()
}
