package api

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/signed"
)

// TestSchemasAreTheLedgersDocuments: documents are passed on byte for byte, so each field of theirs stands in
// the schema, required unless it may be absent, and nothing else does.
func TestSchemasAreTheLedgersDocuments(t *testing.T) {
	w := newWorld(t)
	for name, document := range map[string]any{
		"Offer": offer.Offer{}, "Publication": dataset.Publication{}, "DatasetVersion": dataset.View{},
		"Order": order.Order{}, "OrderView": order.View{},
		"License": license.License{}, "GrantRequest": grant.Request{}, "Grant": grant.Grant{},
		"GrantView":      grant.View{},
		"ReceiptRequest": grant.ReceiptRequest{}, "Receipt": grant.Receipt{}, "Machine": machine.Machine{},
		"SignedAnswer":        signed.File{},
		"ActivationChallenge": machine.Activation{}, "ActivationProof": machine.ActivationProof{},
		"Problem": Problem{},
	} {
		same(t, name, w.server.spec.spec.Components.Schemas[name].Value, reflect.TypeOf(document))
	}
}

func same(t *testing.T, where string, schema *openapi3.Schema, document reflect.Type) {
	t.Helper()
	for document.Kind() == reflect.Slice {
		if schema.Type.Is("string") { // bytes, as base64
			return
		}
		schema, document = schema.Items.Value, document.Elem()
	}
	if document.Kind() != reflect.Struct {
		return
	}
	var fields, required, documented []string
	for _, f := range reflect.VisibleFields(document) {
		name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		fields = append(fields, name)
		if !strings.Contains(option, "omit") {
			required = append(required, name)
		}
		if p := schema.Properties[name]; p != nil {
			same(t, where+"."+name, p.Value, f.Type)
		}
	}
	for name := range schema.Properties {
		documented = append(documented, name)
	}
	slices.Sort(fields)
	slices.Sort(documented)
	slices.Sort(required)
	if !slices.Equal(fields, documented) {
		t.Errorf("%s: the ledger's document has %v, the schema %v", where, fields, documented)
	}
	demanded := slices.Clone(schema.Required)
	slices.Sort(demanded)
	if !slices.Equal(required, demanded) {
		t.Errorf("%s: always there are %v, the schema demands %v", where, required, demanded)
	}
}
