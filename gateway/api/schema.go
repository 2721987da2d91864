package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// schemas compiles the parts of the document once: OpenAPI 3.1 schemas are JSON Schema 2020-12, so each is a
// pointer into the document itself. (kin-openapi's own validator compiles on every request:
// gateway/docs/decisions.md.)
type schemas struct {
	spec     *openapi3.T
	compiler *jsonschema.Compiler
}

// resource is the document's name inside the compiler. The compiler has no loader, so it fetches nothing.
const resource = "urn:guildmark:openapi"

func loadSpec() (*schemas, error) {
	loader := openapi3.NewLoader()
	spec, err := loader.LoadFromData(document)
	if err != nil {
		return nil, fmt.Errorf("openapi document: %w", err)
	}
	if err := spec.Validate(loader.Context); err != nil {
		return nil, fmt.Errorf("openapi document: %w", err)
	}
	raw, err := json.Marshal(spec)
	if err != nil {
		return nil, fmt.Errorf("openapi document: %w", err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("openapi document: %w", err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.UseLoader(jsonschema.SchemeURLLoader{})
	if err := compiler.AddResource(resource, doc); err != nil {
		return nil, fmt.Errorf("openapi document: %w", err)
	}
	return &schemas{spec: spec, compiler: compiler}, nil
}

// parameter is a documented path, query or header parameter.
type parameter struct {
	name, in string
	required bool
	integer  bool
	schema   *jsonschema.Schema
}

// operation is a route's part of the document, ready to check requests.
type operation struct {
	scope      string // "" = none
	parameters []parameter
	body       *jsonschema.Schema // JSON body; nil = none, or bytes
}

// operation finds a route in the document.
func (s *schemas) operation(r route) (operation, error) {
	item := s.spec.Paths.Value(r.path)
	if item == nil || item.GetOperation(r.method) == nil {
		return operation{}, fmt.Errorf("openapi document: no %s %s", r.method, r.path)
	}
	op := item.GetOperation(r.method)
	where := "#/paths/" + escape(r.path)
	var out operation
	var err error
	if out.scope, err = scopeOf(op); err != nil {
		return out, fmt.Errorf("openapi document: %s %s: %w", r.method, r.path, err)
	}
	if out.parameters, err = s.parameters(where+"/parameters", item.Parameters); err != nil {
		return out, err
	}
	own, err := s.parameters(where+"/"+strings.ToLower(r.method)+"/parameters", op.Parameters)
	if err != nil {
		return out, err
	}
	out.parameters = append(out.parameters, own...)
	if op.RequestBody == nil || r.stream {
		return out, nil
	}
	at := where + "/" + strings.ToLower(r.method) + "/requestBody"
	if op.RequestBody.Ref != "" {
		at = op.RequestBody.Ref
	}
	out.body, err = s.compile(at + "/content/application~1json/schema")
	return out, err
}

func scopeOf(op *openapi3.Operation) (string, error) {
	if op.Security == nil || len(*op.Security) == 0 {
		return "", nil
	}
	scopes := (*op.Security)[0]["machine"]
	if len(*op.Security) != 1 || len(scopes) != 1 {
		return "", errors.New("security doesn't demand one scope of a machine")
	}
	return scopes[0], nil
}

func (s *schemas) parameters(where string, list openapi3.Parameters) ([]parameter, error) {
	var out []parameter
	for i, ref := range list {
		at := where + "/" + strconv.Itoa(i)
		if ref.Ref != "" {
			at = ref.Ref
		}
		schema, err := s.compile(at + "/schema")
		if err != nil {
			return nil, err
		}
		p := ref.Value
		out = append(out, parameter{
			name: p.Name, in: p.In, required: p.Required,
			integer: p.Schema.Value.Type.Is("integer"), schema: schema,
		})
	}
	return out, nil
}

func (s *schemas) compile(pointer string) (*jsonschema.Schema, error) {
	schema, err := s.compiler.Compile(resource + pointer)
	if err != nil {
		return nil, fmt.Errorf("openapi document: %w", err)
	}
	return schema, nil
}

// escape makes a path one step of a JSON pointer in a URL fragment.
func escape(path string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(path)
}

// check compares a request with the document.
func (o operation) check(c *gin.Context, body []byte) error {
	query := c.Request.URL.Query()
	for _, p := range o.parameters {
		var given []string
		switch p.in {
		case openapi3.ParameterInPath:
			given = []string{c.Param(p.name)}
		case openapi3.ParameterInQuery:
			given = query[p.name]
			delete(query, p.name)
		case openapi3.ParameterInHeader:
			given = c.Request.Header[http.CanonicalHeaderKey(p.name)]
		}
		if err := p.check(given); err != nil {
			return err
		}
	}
	for name := range query { // a misspelled cursor must not mean page one
		return errSchema.With("query parameter " + name + " is unknown")
	}
	if o.body == nil {
		return nil
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return ledger.ErrMalformed.With(err.Error())
	}
	return violation("body", o.body.Validate(value))
}

func (p parameter) check(given []string) error {
	switch {
	case len(given) > 1:
		return errSchema.With(p.in + " parameter " + p.name + " is given twice")
	case len(given) == 0 && p.required:
		return errSchema.With(p.in + " parameter " + p.name + " is missing")
	case len(given) == 0:
		return nil
	}
	var value any = given[0]
	if p.integer {
		n, err := strconv.ParseInt(given[0], 10, 64)
		if err != nil || strconv.FormatInt(n, 10) != given[0] {
			return errSchema.With(p.in + " parameter " + p.name + " is not an integer")
		}
		value = json.Number(given[0])
	}
	return violation(p.in+" parameter "+p.name, p.schema.Validate(value))
}

// violation says where and why, in one line: the first cause that has no further cause.
func violation(what string, err error) error {
	if err == nil {
		return nil
	}
	var v *jsonschema.ValidationError
	if !errors.As(err, &v) {
		return errSchema.With(what)
	}
	for len(v.Causes) > 0 {
		v = v.Causes[0]
	}
	text := strings.Join(strings.Fields(v.Error()), " ")
	if _, after, ok := strings.Cut(text, "- at "); ok {
		text = "at " + after
	}
	return errSchema.With(what + " " + text)
}
