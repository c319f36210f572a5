//! Imports: the modules of a crate, and its directories, do not depend on each other in a cycle.
//!
//! An edge is a path that starts with `crate`, `super` or `self`, in a `use` or in code.
//! Tests, and a module's re-exports of its own children, are no edges.

use std::collections::{BTreeMap, BTreeSet};

use crate::lexer::{Token, closing};
use crate::sources::{Source, assert_none, crates, sources_in};

/// The path of a module within its crate, such as `["plan", "request"]`. The root is empty.
type ModulePath = Vec<String>;

/// Edges from a node to the nodes that it imports.
type Graph = BTreeMap<String, BTreeSet<String>>;

/// A path in a file, with its prefix resolved.
#[derive(Debug, PartialEq)]
struct Import {
    /// The segments after the crate, such as `["plan", "Plan"]`.
    path: Vec<String>,
    /// The name in the importing module, or `None` outside of a `use`.
    name: Option<String>,
    is_public: bool,
}

/// The modules of a crate, by their paths.
struct Crate {
    modules: BTreeMap<ModulePath, Vec<Import>>,
}

impl Crate {
    /// Reads the modules of a crate from the files in its `src` directory.
    fn new(sources: &[Source]) -> Self {
        let paths: BTreeSet<_> = sources
            .iter()
            .map(|source| module_path(&source.path))
            .collect();
        let modules = sources.iter().map(|source| {
            let module = module_path(&source.path);
            let imports = imports(&source.tokens(), &module, &paths);
            (module, imports)
        });
        Self {
            modules: modules.collect(),
        }
    }

    /// Returns the imports between the modules, without the root.
    fn graph(&self) -> Graph {
        let mut graph = Graph::new();
        for (module, imports) in self.modules.iter().filter(|(module, _)| !module.is_empty()) {
            let targets = graph.entry(module.join("::")).or_default();
            for import in imports {
                let target = self.resolve(&import.path, 0);
                let is_child = target.len() > module.len() && target.starts_with(module);
                let is_reexport = import.is_public && is_child;
                if !target.is_empty() && target != *module && !is_reexport {
                    targets.insert(target.join("::"));
                }
            }
        }
        graph
    }

    /// Returns the module that defines a path, following re-exports.
    fn resolve(&self, path: &[String], depth: usize) -> ModulePath {
        const MAX_REEXPORTS: usize = 16;
        let is_module = |length: &usize| self.modules.contains_key(&path[..*length]);
        let length = (0..=path.len()).rev().find(is_module).unwrap_or(0);
        let module = path[..length].to_vec();
        let (Some(name), Some(imports)) = (path.get(length), self.modules.get(&module)) else {
            return module;
        };
        let is_same = |import: &&Import| import.is_public && import.name.as_ref() == Some(name);
        match imports.iter().find(is_same) {
            Some(import) if depth < MAX_REEXPORTS => self.resolve(&import.path, depth + 1),
            _ => module,
        }
    }
}

/// Returns the module of a file such as `core/src/plan/mod.rs`.
fn module_path(path: &str) -> ModulePath {
    let path = path.split_once("src/").map_or(path, |(_, path)| path);
    let path = path.strip_suffix(".rs").unwrap_or(path);
    let mut segments: ModulePath = path.split('/').map(str::to_owned).collect();
    if ["mod", "lib", "main"].contains(&segments[segments.len() - 1].as_str()) {
        segments.pop();
    }
    segments
}

/// Returns the paths in a file that lead to modules of the same crate.
fn imports(
    tokens: &[Token<'_>],
    module: &ModulePath,
    modules: &BTreeSet<ModulePath>,
) -> Vec<Import> {
    let mut imports = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        if let Some(end) = test_end(tokens, index) {
            index = end;
        } else if starts_use(tokens, index) {
            let mut tree = UseTree {
                tokens,
                index: index + 1,
                leaves: Vec::new(),
            };
            tree.read(&[]);
            for (path, name) in tree.leaves {
                imports.extend(
                    resolve_prefix(&path, module, modules, true).map(|path| Import {
                        path,
                        name: Some(name),
                        is_public: is_public(tokens, index),
                    }),
                );
            }
            index = tree.index;
        } else if starts_path(tokens, index) {
            let path = inline_path(tokens, index);
            index += 2 * path.len() - 1;
            imports.extend(
                resolve_prefix(&path, module, modules, false).map(|path| Import {
                    path,
                    name: None,
                    is_public: false,
                }),
            );
        } else {
            index += 1;
        }
    }
    imports
}

/// Returns the index after the module of tests whose `#[cfg(test)]` is at `index`, if any.
fn test_end(tokens: &[Token<'_>], index: usize) -> Option<usize> {
    let expected = ["#", "[", "cfg", "(", "test", ")", "]", "mod"];
    let is_test = tokens.len() >= index + expected.len()
        && tokens[index..]
            .iter()
            .zip(expected)
            .all(|(token, text)| token.text == text);
    if !is_test {
        return None;
    }
    let body = index + expected.len() + 1;
    Some(closing(tokens, body) + 1)
}

/// Returns `true` if an import starts at `index`, and not the `use<'a>` of a type.
fn starts_use(tokens: &[Token<'_>], index: usize) -> bool {
    let next = tokens.get(index + 1).map_or("", |next| next.text);
    tokens[index].text == "use" && next != "<"
}

/// Returns `true` if a visibility such as `pub` or `pub(crate)` precedes the token at `index`.
fn is_public(tokens: &[Token<'_>], index: usize) -> bool {
    let before = index
        .checked_sub(1)
        .map_or("", |before| tokens[before].text);
    before == "pub" || before == ")"
}

/// Returns `true` if a path with the prefix `crate`, `super` or `self` starts at `index`.
fn starts_path(tokens: &[Token<'_>], index: usize) -> bool {
    let is_prefix = ["crate", "super", "self"].contains(&tokens[index].text);
    let is_restriction = index > 0 && tokens[index - 1].text == "in";
    is_prefix && !is_restriction && tokens.get(index + 1).is_some_and(|next| next.text == "::")
}

/// Returns the segments of the path at `index`, up to generic arguments or a macro's `!`.
fn inline_path(tokens: &[Token<'_>], index: usize) -> Vec<String> {
    let mut path = vec![tokens[index].text.to_owned()];
    let mut at = index + 1;
    while at + 1 < tokens.len() && tokens[at].text == "::" && is_name(tokens[at + 1].text) {
        path.push(tokens[at + 1].text.to_owned());
        at += 2;
    }
    path
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// A reader of the tree of a `use`.
struct UseTree<'t, 'c> {
    tokens: &'t [Token<'c>],
    index: usize,
    /// Full paths, each with the name that it has after the import.
    leaves: Vec<(Vec<String>, String)>,
}

impl UseTree<'_, '_> {
    fn text(&self) -> &str {
        self.tokens.get(self.index).map_or(";", |token| token.text)
    }

    /// Reads a path and its groups, after the segments of the enclosing groups.
    fn read(&mut self, prefix: &[String]) {
        let mut path = prefix.to_vec();
        while is_name(self.text()) || self.text() == "::" {
            if self.text() == "as" {
                break;
            }
            if self.text() != "::" {
                path.push(self.text().to_owned());
            }
            self.index += 1;
        }
        if self.text() == "{" {
            self.read_group(&path);
            return;
        }
        if path.len() > 1 && path[path.len() - 1] == "self" {
            path.pop();
        }
        let mut name = path.last().cloned().unwrap_or_default();
        if self.text() == "*" {
            name = "*".to_owned();
            self.index += 1;
        }
        if self.text() == "as" {
            self.index += 1;
            name = self.text().to_owned();
            self.index += 1;
        }
        if !path.is_empty() {
            self.leaves.push((path, name));
        }
    }

    fn read_group(&mut self, path: &[String]) {
        self.index += 1;
        while !["}", ";"].contains(&self.text()) {
            let start = self.index;
            self.read(path);
            if self.text() == "," || self.index == start {
                self.index += 1;
            }
        }
        self.index += 1;
    }
}

/// Returns the segments after the crate, or `None` for a path into another crate.
fn resolve_prefix(
    path: &[String],
    module: &ModulePath,
    modules: &BTreeSet<ModulePath>,
    is_use: bool,
) -> Option<Vec<String>> {
    let mut base = module.clone();
    let mut rest = path;
    match path[0].as_str() {
        "crate" => base.clear(),
        "self" | "super" => {}
        first => {
            // A path of a `use` may start with a child of the module.
            base.push(first.to_owned());
            let is_child = is_use && modules.contains(&base);
            return is_child.then(|| [module.as_slice(), path].concat());
        }
    }
    while let Some((first, others)) = rest.split_first() {
        match first.as_str() {
            "super" => drop(base.pop()),
            "self" | "crate" => {}
            _ => break,
        }
        rest = others;
    }
    Some([base.as_slice(), rest].concat())
}

/// Returns the imports between the directories of a crate.
fn directory_graph(graph: &Graph) -> Graph {
    let directories: BTreeSet<&str> = graph
        .keys()
        .filter_map(|module| module.split_once("::"))
        .map(|(directory, _)| directory)
        .collect();
    let mut result = Graph::new();
    for (module, targets) in graph {
        let from = top(module);
        for to in targets.iter().map(|target| top(target)) {
            if from != to && directories.contains(from) && directories.contains(to) {
                result
                    .entry(from.to_owned())
                    .or_default()
                    .insert(to.to_owned());
            }
        }
    }
    result
}

fn top(module: &str) -> &str {
    module.split("::").next().unwrap_or(module)
}

/// Returns a shortest cycle, as a list that starts and ends with the same node.
fn find_cycle(graph: &Graph) -> Option<Vec<&str>> {
    graph
        .keys()
        .filter_map(|start| shortest_way_back(graph, start))
        .min_by_key(Vec::len)
}

/// Searches for the start node from its imports, in the order of their distance.
fn shortest_way_back<'g>(graph: &'g Graph, start: &'g str) -> Option<Vec<&'g str>> {
    let mut ways = vec![vec![start]];
    let mut seen = BTreeSet::new();
    let mut next = 0;
    while next < ways.len() {
        let way = ways[next].clone();
        next += 1;
        let targets = graph.get(way[way.len() - 1]);
        for target in targets.into_iter().flatten() {
            let longer = [way.as_slice(), &[target.as_str()]].concat();
            if target == start {
                return Some(longer);
            }
            if seen.insert(target) {
                ways.push(longer);
            }
        }
    }
    None
}

fn crate_graphs() -> Vec<(&'static str, Graph)> {
    let graph = |name| Crate::new(&sources_in(&format!("{name}/src"))).graph();
    crates().map(|name| (name, graph(name))).collect()
}

fn cycles(graphs: &[(&str, Graph)]) -> Vec<String> {
    let cycle = |(name, graph): &(&str, Graph)| {
        find_cycle(graph).map(|cycle| format!("{name}: {}", cycle.join(" → ")))
    };
    graphs.iter().filter_map(cycle).collect()
}

#[test]
fn modules_import_each_other_without_a_cycle() {
    assert_none(&cycles(&crate_graphs()));
}

#[test]
fn directories_import_each_other_without_a_cycle() {
    let graphs = crate_graphs().into_iter();
    let graphs: Vec<_> = graphs
        .map(|(name, graph)| (name, directory_graph(&graph)))
        .collect();
    assert_none(&cycles(&graphs));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(files: &[(&str, &str)]) -> Graph {
        let sources: Vec<_> = files
            .iter()
            .map(|(path, text)| Source::new(path, text))
            .collect();
        Crate::new(&sources).graph()
    }

    fn targets(graph: &Graph, module: &str) -> Vec<String> {
        graph[module].iter().cloned().collect()
    }

    #[test]
    fn every_kind_of_path_is_an_edge() {
        let graph = graph(&[
            (
                "c/src/a.rs",
                "use crate::{b::{B, self}, c}; fn f() { crate::d::g(); self::x::y() }",
            ),
            (
                "c/src/a/x.rs",
                "fn f() -> impl Iterator + use<'_> {}\n\
                 use super::super::b as e;\npub(in crate::c) use std::fmt;",
            ),
            (
                "c/src/b.rs",
                "// crate::a\n#[cfg(test)] mod tests { use crate::a; }\n\"crate::c\"",
            ),
            ("c/src/c/mod.rs", "type A = super::d::D<u8>;"),
            ("c/src/d.rs", "fn f(self) {}"),
            ("c/src/lib.rs", "use crate::a;"),
        ]);
        assert_eq!(targets(&graph, "a"), ["a::x", "b", "c", "d"]);
        assert_eq!(targets(&graph, "a::x"), ["b"]);
        assert_eq!(targets(&graph, "b"), [""; 0]);
        assert_eq!(targets(&graph, "c"), ["d"]);
        assert!(!graph.contains_key(""));
    }

    #[test]
    fn reexported_name_resolves_to_the_child() {
        let graph = graph(&[
            ("c/src/lib.rs", "pub use plan::Plan;"),
            (
                "c/src/plan/mod.rs",
                "pub(crate) use plan::{Plan, Step as SchemaFilter}; pub use self::x::X;",
            ),
            ("c/src/plan/plan.rs", ""),
            ("c/src/plan/x.rs", "use super::SchemaFilter;"),
            ("c/src/y.rs", "use crate::Plan; use crate::plan::X;"),
            ("c/src/z.rs", "use crate::plan::Other;"),
        ]);
        assert_eq!(targets(&graph, "plan"), [""; 0]);
        assert_eq!(targets(&graph, "plan::x"), ["plan::plan"]);
        assert_eq!(targets(&graph, "y"), ["plan::plan", "plan::x"]);
        assert_eq!(targets(&graph, "z"), ["plan"]);
    }

    #[test]
    fn cycle_of_modules_is_listed() {
        let graph = graph(&[
            ("c/src/a.rs", "use crate::b::B;"),
            ("c/src/b.rs", "use crate::c::C;"),
            ("c/src/c.rs", "use crate::a::A; use crate::d;"),
            ("c/src/d.rs", ""),
        ]);
        assert_eq!(cycles(&[("c", graph)]), ["c: a → b → c → a"]);
    }

    #[test]
    fn cycle_of_directories_is_listed() {
        let graph = graph(&[
            ("c/src/plan/a.rs", "use crate::history::x::X;"),
            ("c/src/plan/b.rs", ""),
            ("c/src/history/x.rs", ""),
            ("c/src/history/y.rs", "use crate::plan::b::B;"),
        ]);
        assert_eq!(find_cycle(&graph), None);
        let directories = directory_graph(&graph);
        assert_eq!(
            cycles(&[("c", directories)]),
            ["c: history → plan → history"]
        );
    }
}
