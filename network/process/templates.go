package process

import (
	"bytes"
	"embed"
	"fmt"
	"text/template"
)

//go:embed config
var configs embed.FS

// render fills one of the configuration files in config/.
func render(name string, data any) ([]byte, error) {
	t, err := template.New(name).Option("missingkey=error").ParseFS(configs, "config/"+name, "config/ca.yaml")
	if err != nil {
		return nil, fmt.Errorf("configuration %s: %w", name, err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		return nil, fmt.Errorf("configuration %s: %w", name, err)
	}
	return b.Bytes(), nil
}
