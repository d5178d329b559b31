package image

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"github.com/starlarkfuse/fuse/internal/files"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// IgnoreFile is the file at the top of a workflow's folder that says what the
// image leaves out, in the syntax of .dockerignore.
const IgnoreFile = ".fuseignore"

// ignoredAlways are patterns that stand before those of the ignore file, which
// may take any of them back with "!pattern".
func ignoredAlways() []string {
	return []string{
		"**/.git", "**/.hg", "**/.svn", "**/.fuse", IgnoreFile,
		"**/.idea", "**/.vscode", "**/.DS_Store", "**/Thumbs.db",
		"**/*~", "**/.*.sw[a-p]", "**/.#*", "**/#*#", "**/__pycache__",
	}
}

// An ignorer decides which paths under a folder are left out.
type ignorer struct {
	patterns []pattern
}

// A pattern is one line of an ignore file.
type pattern struct {
	matcher  *patternmatcher.PatternMatcher
	back     bool     // it takes back what it matches
	segments []string // of its text
}

// newIgnorer reads the ignore file of a folder.
func newIgnorer(fsys fs.FS, display func(string) string) (*ignorer, error) {
	user, err := readIgnoreFile(fsys)
	if err != nil {
		e := &starlarkfuse.Error{Msg: fmt.Sprintf("read %s: %v", display(IgnoreFile), files.Cause(err)), Err: err}
		if errors.Is(err, fs.ErrPermission) {
			e.Hint = "make it readable"
		}
		return nil, e
	}
	ig := &ignorer{}
	for _, text := range append(ignoredAlways(), user...) {
		p, err := newPattern(text)
		if err != nil {
			return nil, &starlarkfuse.Error{
				Msg:  fmt.Sprintf("%s: %q is not a pattern: %v", display(IgnoreFile), text, err),
				Hint: `it has the syntax of .dockerignore: one pattern a line, like "data/*.csv" or "!keep.csv"`,
				Err:  err,
			}
		}
		ig.patterns = append(ig.patterns, p)
	}
	return ig, nil
}

// readIgnoreFile returns the patterns of a folder's ignore file, if it has one.
func readIgnoreFile(fsys fs.FS) ([]string, error) {
	f, err := fsys.Open(IgnoreFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ignorefile.ReadAll(f)
}

// newPattern reads a line of an ignore file.
func newPattern(text string) (p pattern, err error) {
	if text == "!" {
		return p, errors.New("nothing stands behind the exclamation mark")
	}
	text, p.back = strings.CutPrefix(text, "!")
	if strings.HasPrefix(text, "!") {
		text = `\` + text // the second one is of a name
	}
	p.segments = strings.Split(text, "/")
	if p.matcher, err = patternmatcher.New([]string{text}); err == nil {
		_, err = p.matcher.MatchesOrParentMatches("x") // some mistakes show only then
	}
	return p, err
}

// A verdict is what the ignorer says of a path, and remembers for what is in
// it.
type verdict struct {
	ignored bool
	matched []patternmatcher.MatchInfo // by each pattern
}

// match decides about a path, given the verdict about its folder: the last
// pattern wins that matches it, or a folder that it is in. A matcher of all
// patterns would not do: of a folder, it does not look at patterns that change
// nothing there, and then does not know of them inside.
func (ig *ignorer) match(name string, folder verdict) (v verdict, err error) {
	v.matched = make([]patternmatcher.MatchInfo, len(ig.patterns))
	for i, p := range ig.patterns {
		var above patternmatcher.MatchInfo
		if folder.matched != nil {
			above = folder.matched[i]
		}
		var matches bool
		if matches, v.matched[i], err = p.matcher.MatchesUsingParentResults(name, above); err != nil {
			return v, err
		}
		if matches {
			v.ignored = !p.back
		}
	}
	return v, nil
}

// mayHoldKept tells whether a pattern could take back something inside a
// folder that is itself left out.
func (ig *ignorer) mayHoldKept(dir string) bool {
	segments := strings.Split(dir, "/")
	return slices.ContainsFunc(ig.patterns, func(p pattern) bool {
		return p.back && mayMatchBelow(p.segments, segments)
	})
}

// mayMatchBelow tells whether a pattern could match a path inside the folder
// dir.
func mayMatchBelow(pattern, dir []string) bool {
	for i, segment := range dir {
		if i == len(pattern) {
			return false
		}
		if strings.Contains(pattern[i], "**") {
			return true
		}
		if ok, err := path.Match(pattern[i], segment); err == nil && !ok {
			return false
		}
	}
	return len(pattern) > len(dir)
}
