package pages

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// guides are the programs whose help is a walk that a running network is enough for.
func guides() []string { return []string{"guildmark", "audit"} }

// examples are the commands whose example a running network is enough for, in an order that leaves it whole. What is
// missing needs a machine of its own (machine, network fund), would start a second network (network up), or
// runs in the command's own story (audit replay) or on a page (network identity add).
func examples() []string {
	return []string{
		"guildmark bundle", "guildmark offers", "guildmark completion", "audit copy", "audit headers",
		"gateway", "auth", "chaincode", "partner registrar code",
		"network status", "network stop", "network start", "network restart", "network kill", "network mine",
		"network topology",
	}
}

// helps are the commands that the programs' own help prints.
func helps(t *testing.T) string {
	t.Helper()
	var commands strings.Builder
	step := regexp.MustCompile(`(?m)^  \d\. (.*)$`)
	for _, program := range guides() {
		steps := step.FindAllStringSubmatch(join(help(t, program)), -1)
		if len(steps) < 3 {
			t.Errorf("%s help has %d steps, want 3 or more", program, len(steps))
		}
		for _, s := range steps {
			commands.WriteString(s[1] + "\n")
		}
	}
	for _, command := range examples() {
		_, example, ok := strings.Cut(join(help(t, strings.Fields(command)...)), "\nExample:\n")
		example, _, _ = strings.Cut(example, "\n\n")
		if !ok || !strings.Contains(example, "build/bin/"+strings.Fields(command)[0]) {
			t.Errorf("%s has no example: %q", command, example)
		}
		commands.WriteString(example + "\n")
	}
	return commands.String()
}

// help is what a program prints for `help COMMAND`, called as a reader at the top of a clone calls it.
func help(t *testing.T, program ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "build/bin/"+program[0],
		append([]string{"help"}, program[1:]...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v help: %v\n%s", program, err, out)
	}
	return string(out)
}

// join puts lines that end with a backslash and the next one together.
func join(text string) string { return strings.ReplaceAll(text, "\\\n", " ") }
