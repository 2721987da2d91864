package command

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// complete tells the shells what may follow: the words that the form of the arguments lists, files, folders or
// nothing.
func complete(c *cobra.Command, of *Command) {
	c.ValidArgsFunction = func(_ *cobra.Command, before []string, _ string) ([]cobra.Completion,
		cobra.ShellCompDirective,
	) {
		if strings.Contains(of.Args, "|") && len(before) == 0 {
			return strings.Split(strings.Trim(of.Args, "[]"), "|"), cobra.ShellCompDirectiveNoFileComp
		}
		return nil, directive(of.Args)
	}
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		name, _ := value(f)
		_ = c.RegisterFlagCompletionFunc(f.Name,
			func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
				return nil, directive(name)
			}) // the flag is there, and for the first time
	})
}

// directive is what a shell offers for a value with this name.
func directive(name string) cobra.ShellCompDirective {
	switch {
	case strings.Contains(name, "FILE"):
		return cobra.ShellCompDirectiveDefault
	case strings.Contains(name, "DIR"):
		return cobra.ShellCompDirectiveFilterDirs
	}
	return cobra.ShellCompDirectiveNoFileComp
}

// completion is `completion bash|zsh|fish`.
func (p *program) completion() *Command {
	name := p.root.Name
	return &Command{
		Name: "completion", Args: "bash|zsh|fish", Short: "prints the completion script of a shell.",
		Example: `source <(` + name + ` completion bash)`,
		Guide: "bash needs the package bash-completion. For good, where your shell looks for scripts:\n" +
			"  " + name + " completion bash > ~/.local/share/bash-completion/completions/" + name + "\n" +
			"  " + name + " completion zsh > \"${fpath[1]}/_" + name + "\"\n" +
			"  " + name + " completion fish > ~/.config/fish/completions/" + name + ".fish",
		Run: func(_ context.Context, call *Call) (Result, error) {
			var b strings.Builder
			var err error
			switch call.Args[0] {
			case "bash":
				err = p.top.GenBashCompletionV2(&b, true)
			case "zsh":
				err = p.top.GenZshCompletion(&b)
			case "fish":
				err = p.top.GenFishCompletion(&b, true)
			default:
				return nil, Usage("bash, zsh or fish is expected, got %q", call.Args[0])
			}
			return script(b.String()), err
		},
	}
}
