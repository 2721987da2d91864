package command

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Command is a program, or one of the things that a program does.
type Command struct {
	Name string // the word that a person types
	// Args are the arguments after the name, as the usage line shows them. They are checked by their form: FILE is
	// needed, [FILE] may be left out, FILE... may be repeated.
	Args     string
	Short    string // one sentence: it stands in the list of commands and begins the command's own help
	Guide    string // more for a first reader: steps, files, terms; a block of lines
	Example  string // lines that run as printed
	Flags    func(*Flags)
	Run      Run        // nil: the command only holds others
	Commands []*Command // below this one, in the order of the help
	Hidden   bool       // for programs, not for people

	Version string          // of the program; set at the root only
	Exit    func(error) int // exit code of an error that is no wrong usage; set at the root only; nil: ExitFailed
}

// Run does the work of a command. A result may come with an error: a list of checks, of which one failed.
type Run func(ctx context.Context, c *Call) (Result, error)

// Flags are a command's flags. A usage begins with the name of the value in backquotes: "`FILE` list of prices
// to read".
type Flags struct {
	*pflag.FlagSet

	needed []string
}

// required ends the usage of a flag that a person must give.
const required = " (required)"

// Need marks flags that a person must give: their value may not be empty.
func (f *Flags) Need(names ...string) {
	for _, name := range names {
		flag := f.Lookup(name)
		flag.Usage += required
		f.needed = append(f.needed, name)
	}
}

// missing lists the needed flags without a value.
func (f *Flags) missing() []string {
	var names []string
	for _, name := range f.needed {
		if flag := f.Lookup(name); !flag.Changed || flag.Value.String() == "" {
			names = append(names, "--"+name)
		}
	}
	return names
}

// Call is one run of a command.
type Call struct {
	Args []string // after the name and the flags
	JSON bool     // --output json was asked for

	Progress *Progress
	Console  Console
}

// program is a root command at work: what all commands below it share.
type program struct {
	root    *Command
	console Console
	args    []string
	top     *cobra.Command // the root as cobra has it
	tree    map[*cobra.Command]*Command
	format  format
	events  bool
	version bool
}

// cobra makes the tree that parses the command line.
func (p *program) cobra() *cobra.Command {
	whole := *p.root
	whole.Commands = append(slices.Clone(p.root.Commands), p.completion(), p.helper())
	root := p.branch(&whole)
	p.top = root
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpCommand(root.Commands()[slices.IndexFunc(root.Commands(), isHelp)])
	root.Flags().BoolVar(&p.version, "version", false, "print the version and the commit it was built from")
	root.PersistentFlags().Var(&p.format, "output", "`FORMAT` form of result and errors: text or json")
	root.PersistentFlags().BoolVar(&p.events, "events", false, "progress as JSON, one line a step on standard error")
	root.PersistentFlags().BoolP("help", "h", false, "show this help")
	root.SetFlagErrorFunc(p.flagError)
	root.SetHelpFunc(func(c *cobra.Command, _ []string) { p.help(c) })
	_ = root.RegisterFlagCompletionFunc("output", // the flag is there
		cobra.FixedCompletions([]string{string(textFormat), string(jsonFormat)}, cobra.ShellCompDirectiveNoFileComp))
	return root
}

// branch makes one command with those below it.
func (p *program) branch(of *Command) *cobra.Command {
	c := &cobra.Command{
		Use: of.Name, Short: of.Short, Hidden: of.Hidden, Args: cobra.ArbitraryArgs, DisableFlagsInUseLine: true,
		SuggestionsMinimumDistance: 2,
	}
	flags := &Flags{FlagSet: c.Flags()}
	flags.SortFlags = false
	if of.Flags != nil {
		of.Flags(flags)
	}
	for _, below := range of.Commands {
		c.AddCommand(p.branch(below))
	}
	complete(c, of)
	c.RunE = func(c *cobra.Command, args []string) error { return p.run(c, of, flags, args) }
	p.tree[c] = of
	return c
}

// run checks the arguments and flags of the command that was typed, runs it and writes its result.
func (p *program) run(c *cobra.Command, of *Command, flags *Flags, args []string) error {
	path := c.CommandPath()
	if p.version || !c.HasParent() && slices.Equal(args, []string{"version"}) {
		return p.write(versionOf{Name: p.root.Name, Version: p.root.Version})
	}
	if of.Run == nil {
		return p.choose(c, of, args)
	}
	if err := checkArguments(of, path, args); err != nil {
		if near := unknown(c, args); near != nil {
			return near
		}
		return err
	}
	if missing := flags.missing(); len(missing) > 0 {
		return &usageError{path: path, cause: neededFlags(missing)}
	}
	call := &Call{
		Args: args, JSON: p.format == jsonFormat, Console: p.console,
		Progress: newProgress(p.console, p.format, p.events),
	}
	result, err := of.Run(c.Context(), call)
	call.Progress.end()
	if result != nil {
		err = join(err, p.write(result))
	}
	return located(path, err)
}

// choose answers for a command that only holds others: help at the root, else a list of what may follow.
func (p *program) choose(c *cobra.Command, of *Command, args []string) error {
	if len(args) > 0 {
		return unknown(c, args)
	}
	if !c.HasParent() {
		p.help(c)
		return nil
	}
	var names []string
	for _, below := range of.Commands {
		names = append(names, strings.TrimSpace(below.Name+" "+below.Args))
	}
	return &usageError{path: c.CommandPath(), cause: "needs one of: " + strings.Join(names, ", ")}
}

// unknown is the error for a word that is no command; nil where no commands are below.
func unknown(c *cobra.Command, args []string) error {
	if len(args) == 0 || !c.HasAvailableSubCommands() {
		return nil
	}
	cause := "no command \"" + args[0] + "\""
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		cause += "; near it: " + strings.Join(near, ", ")
	}
	return &usageError{path: c.CommandPath(), cause: cause}
}

// flagError is for flags that can't be parsed. Where a word before them should have been a command, that is the
// mistake.
func (p *program) flagError(c *cobra.Command, err error) error {
	depth := len(strings.Fields(c.CommandPath())) - 1
	if p.tree[c].Run == nil && len(p.args) > depth && !strings.HasPrefix(p.args[depth], "-") {
		return unknown(c, p.args[depth:])
	}
	return flagError(c.CommandPath(), err)
}

// checkArguments compares the number of arguments with the form that the usage line shows.
func checkArguments(of *Command, path string, args []string) error {
	words := strings.Fields(of.Args)
	least, repeated := 0, false
	for _, w := range words {
		if !strings.HasPrefix(w, "[") {
			least++
		}
		repeated = repeated || strings.HasSuffix(strings.TrimSuffix(w, "]"), "...")
	}
	switch {
	case len(args) < least:
		return &usageError{path: path, cause: words[len(args)] + " is needed: " + path + " " + of.Args}
	case len(args) > len(words) && !repeated:
		return &usageError{path: path, cause: "\"" + args[len(words)] + "\" is one argument too many"}
	}
	return nil
}
