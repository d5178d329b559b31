package image

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

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
	matcher *patternmatcher.PatternMatcher
	back    [][]string // the segments of the patterns that take paths back
}

// newIgnorer reads the ignore file of a folder.
func newIgnorer(fsys fs.FS, display func(string) string) (*ignorer, error) {
	patterns := ignoredAlways()
	user, err := readIgnoreFile(fsys)
	if err != nil {
		e := &starlarkfuse.Error{Msg: fmt.Sprintf("read %s: %v", display(IgnoreFile), plainCause(err)), Err: err}
		if errors.Is(err, fs.ErrPermission) {
			e.Hint = "make it readable"
		}
		return nil, e
	}
	for _, p := range user {
		if err := checkPattern(p); err != nil {
			return nil, &starlarkfuse.Error{
				Msg:  fmt.Sprintf("%s: %q is not a pattern: %v", display(IgnoreFile), p, err),
				Hint: `it has the syntax of .dockerignore: one pattern a line, like "data/*.csv" or "!keep.csv"`,
				Err:  err,
			}
		}
	}
	ig := &ignorer{}
	if ig.matcher, err = patternmatcher.New(append(patterns, user...)); err != nil {
		return nil, fmt.Errorf("read %s: %w", display(IgnoreFile), err)
	}
	for _, p := range ig.matcher.Patterns() {
		if p.Exclusion() {
			ig.back = append(ig.back, strings.Split(filepath.ToSlash(p.String()), "/"))
		}
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

// checkPattern finds out what is wrong with a pattern. Some mistakes show when
// it is used only.
func checkPattern(pattern string) error {
	patterns := []string{pattern}
	if strings.HasPrefix(pattern, "!") {
		patterns = []string{"**", pattern} // it is used for what is left out only
	}
	m, err := patternmatcher.New(patterns)
	if err == nil {
		_, err = m.MatchesOrParentMatches("x")
	}
	return err
}

// match tells whether a path is left out: by the last pattern that matches it,
// or a folder that it is in. MatchesUsingParentResults is faster and not exact:
// of a folder, it does not look at patterns that change nothing there.
func (ig *ignorer) match(name string) (bool, error) {
	return ig.matcher.MatchesOrParentMatches(name)
}

// mayHoldKept tells whether a pattern could take back something inside a
// folder that is itself left out.
func (ig *ignorer) mayHoldKept(dir string) bool {
	segments := strings.Split(dir, "/")
	for _, pattern := range ig.back {
		if mayMatchBelow(pattern, segments) {
			return true
		}
	}
	return false
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
