package command

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// columns is the width that help is wrapped to, as the project's own lines are.
const columns = 110

// exits is the last line of every help.
const exits = "Exit codes: 0 done, 1 refused or failed, 2 wrong usage."

// help writes the help of a command: its sentence, how it is typed, what is below it, the guide, an example,
// its flags.
func (p *program) help(c *cobra.Command) {
	of := p.tree[c]
	path := strings.TrimSpace(strings.TrimPrefix(c.CommandPath(), p.root.Name))
	if path == "" {
		path = p.root.Name
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\nUsage: %s\n", wrap(path+" "+of.Short, ""), usageLine(c, of))
	if len(of.Commands) > 0 {
		fmt.Fprintf(&b, "\n%s", commandList(of))
	}
	if of.Guide != "" {
		fmt.Fprintf(&b, "\n%s\n", p.typed(strings.Trim(of.Guide, "\n")))
	}
	if of.Example != "" {
		example := "  " + strings.ReplaceAll(strings.Trim(of.Example, "\n"), "\n", "\n  ")
		fmt.Fprintf(&b, "\nExample:\n%s\n", p.typed(example))
	}
	fmt.Fprintf(&b, "\nFlags:\n%s\n%s\n", flagList(c), exits)
	_, _ = fmt.Fprint(p.console.Out, b.String()) // a pager that was closed early
}

// usageLine is the command with its arguments and its needed flags.
func usageLine(c *cobra.Command, of *Command) string {
	if of.Run == nil {
		return c.CommandPath() + " COMMAND [flags]"
	}
	line := strings.TrimSpace(c.CommandPath() + " " + of.Args)
	c.Flags().VisitAll(func(f *pflag.Flag) { // in the order in which they were given
		if name, usage := value(f); strings.HasSuffix(usage, required) {
			line += " --" + f.Name + " " + name
		}
	})
	return wrap(line+" [flags]", "         ")
}

// commandList lists what is below a command, in the order of the program; a command that only holds others is not
// listed itself.
func commandList(of *Command) string {
	var names, shorts []string
	var add func(of *Command, before string)
	add = func(of *Command, before string) {
		for _, below := range of.Commands {
			if below.Hidden {
				continue
			}
			if below.Run != nil {
				names = append(names, strings.TrimSpace(before+below.Name+" "+below.Args))
				shorts = append(shorts, below.Short)
			}
			add(below, before+below.Name+" ")
		}
	}
	add(of, "")
	width := 0
	for _, name := range names {
		width = max(width, len(name))
	}
	var b strings.Builder
	for i, name := range names {
		fmt.Fprintf(&b, "  %-*s  %s\n", width, name, wrap(shorts[i], strings.Repeat(" ", width+4)))
	}
	return b.String()
}

// common are the flags that all commands have; they come last.
func common() []string { return []string{"version", "output", "events", "help"} }

// flagList describes a command's own flags in the order in which they were given, then those that all commands have.
func flagList(c *cobra.Command) string {
	var names, usages []string
	width := 0
	add := func(f *pflag.Flag) {
		name, usage := value(f)
		line := "      --" + f.Name
		if f.Shorthand != "" {
			line = "  -" + f.Shorthand + ", --" + f.Name
		}
		line = strings.TrimRight(line+" "+name, " ")
		names, usages, width = append(names, line), append(usages, usage), max(width, len(line))
	}
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !slices.Contains(common(), f.Name) {
			add(f)
		}
	})
	for _, name := range common() {
		if f := c.Flag(name); f != nil {
			add(f)
		}
	}
	var b strings.Builder
	for i, name := range names {
		fmt.Fprintf(&b, "%-*s  %s\n", width, name, wrap(usages[i], strings.Repeat(" ", width+2)))
	}
	return b.String()
}

// value parts a flag's usage, "`FILE` list to read", into the name of its value and the rest, with the default
// at its end.
func value(f *pflag.Flag) (name, usage string) {
	usage = f.Usage
	if rest, ok := strings.CutPrefix(usage, "`"); ok {
		name, usage, _ = strings.Cut(rest, "` ")
	}
	switch f.DefValue {
	case "", "0", "false", "0s":
	default:
		usage += " (default " + f.DefValue + ")"
	}
	return name, usage
}

// programs are the eight of the project; they lie in one folder.
const programs = "audit|auth|chaincode|gateway|guildmark|machine|network|partner"

// typed puts the way in which the person called the program before each indented line of an example, and before the
// programs beside it, so that it runs as printed.
func (p *program) typed(text string) string {
	folder, beside := strings.CutSuffix(p.console.Typed, p.root.Name)
	word := regexp.MustCompile(`(?m)(^ +(?:\d+\. +)?|[<$]\()(` + programs + `|` +
		regexp.QuoteMeta(p.root.Name) + `) `)
	return word.ReplaceAllStringFunc(text, func(found string) string {
		parts := word.FindStringSubmatch(found)
		before, name := parts[1], parts[2]
		switch {
		case p.console.Typed == "":
			return found
		case beside:
			return before + folder + name + " "
		case name == p.root.Name:
			return before + p.console.Typed + " "
		}
		return found
	})
}

// wrap breaks a text at the width of the help; lines after the first begin with the prefix.
func wrap(text, prefix string) string {
	var b strings.Builder
	width := len(prefix)
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
		case width+1+len(word) > columns:
			b.WriteString("\n" + prefix)
			width = len(prefix)
		default:
			b.WriteByte(' ')
			width++
		}
		b.WriteString(word)
		width += len(word)
	}
	return b.String()
}

func isHelp(c *cobra.Command) bool { return c.Name() == "help" }

// helper is `help [COMMAND...]`.
func (p *program) helper() *Command {
	return &Command{
		Name: "help", Args: "[COMMAND...]", Short: "shows the help of a command.", Hidden: true,
		Run: func(_ context.Context, call *Call) (Result, error) {
			found, rest, err := p.top.Find(call.Args)
			if err == nil && len(rest) > 0 {
				err = unknown(found, rest)
			}
			if err != nil {
				return nil, err
			}
			p.help(found)
			return nil, nil
		},
	}
}
