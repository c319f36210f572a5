//! The argument `code = […]`: the functions that revisions run.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::quote;
use revchain_core::diagnostics::suggest::did_you_mean;
use revchain_core::{Chain, CodeLine, Job};
use syn::Error;
use syn::parse::ParseStream;

const NOT_A_LIST: &str = "the functions must be a list of paths: `code = [crate::steps::encrypt]`";

/// The path of a function, such as `crate::steps::encrypt`.
pub(crate) struct CodePath {
    /// The path as the user wrote it. A type error of the compiler points at these tokens.
    pub(crate) path: TokenStream,
    /// The last segment, which `@code` names.
    pub(crate) name: String,
    span: Span,
}

impl CodePath {
    /// Parses `[path, …]`. Fails if two functions have one name.
    pub(crate) fn parse_list(input: ParseStream<'_>) -> syn::Result<Vec<Self>> {
        let span = input.span();
        let list = input.parse().ok();
        let list = list.filter(|list: &Group| list.delimiter() == Delimiter::Bracket);
        let group = list.ok_or_else(|| Error::new(span, NOT_A_LIST))?;
        let mut paths: Vec<Self> = Vec::new();
        let mut tokens = group.stream().into_iter().peekable();
        while tokens.peek().is_some() {
            let path = tokens.by_ref().take_while(|token| !is_comma(token));
            let path = Self::new(path.collect(), span)?;
            if paths.iter().any(|other| other.name == path.name) {
                let name = &path.name;
                let message = format!(
                    "two functions have the name `{name}`, which `@code` could not tell apart"
                );
                return Err(Error::new(path.span, message));
            }
            paths.push(path);
        }
        Ok(paths)
    }

    fn new(path: TokenStream, list: Span) -> syn::Result<Self> {
        let Some(last) = path.clone().into_iter().last() else {
            return Err(Error::new(list, NOT_A_LIST));
        };
        let TokenTree::Ident(name) = last else {
            return Err(Error::new(last.span(), NOT_A_LIST));
        };
        Ok(Self {
            path,
            name: name.to_string(),
            span: name.span(),
        })
    }
}

fn is_comma(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',')
}

/// Returns an error for each function that no revision runs.
pub(crate) fn superfluous(chain: &Chain, code: &[CodePath]) -> Vec<(Span, String)> {
    let used: Vec<&str> = names(chain).collect();
    let superfluous = code
        .iter()
        .filter(|code| !used.contains(&code.name.as_str()));
    let error = |path: &CodePath| {
        let name = &path.name;
        let is_lacking = |used: &&str| code.iter().all(|code| code.name != **used);
        let lacking = used.iter().copied().filter(is_lacking);
        let help = match did_you_mean(name, lacking) {
            Some(similar) => format!("a revision names `{similar}`: rename one of them"),
            None => {
                format!(
                    "write `-- @code {name}` into the script that runs it, or `-- @job {name}` into \
                     the header of the revision whose job it is, or remove it here"
                )
            }
        };
        let message = format!("no revision runs the function `{name}`\nhelp: {help}");
        (path.span, message)
    };
    superfluous.map(error).collect()
}

fn names(chain: &Chain) -> impl Iterator<Item = &str> {
    chain.revisions().iter().flat_map(|revision| {
        let code = revision.code().map(|code: CodeLine<'_>| code.name());
        code.chain(revision.jobs().iter().map(Job::name))
    })
}

/// Returns the calls that add the functions to the value of the type `Migrations`, or nothing.
pub(crate) fn with_functions(chain: &Chain, functions: &[CodePath]) -> TokenStream {
    let jobs = chain
        .revisions()
        .iter()
        .flat_map(|revision| revision.jobs());
    let is_job = |function: &&CodePath| jobs.clone().any(|job| job.name() == function.name);
    let (jobs, code): (Vec<&CodePath>, Vec<&CodePath>) = functions.iter().partition(is_job);
    let (code, jobs) = (with_code(&code), with_jobs(&jobs));
    quote!(#code #jobs)
}

fn with_code(code: &[&CodePath]) -> TokenStream {
    if code.is_empty() {
        return TokenStream::new();
    }
    let functions = code.iter().map(|CodePath { path, name, .. }| {
        // Only the tokens of the path have the user's span. By hygiene, `step` would be out of
        // scope beside them.
        quote!(r::CodeFunction { name: #name, run: |step| r::call_code(#path, step) })
    });
    quote! {
        .with_code({
            const CODE: &r::CodeTable = &r::CodeTable::new(&[#(#functions),*]);
            CODE
        })
    }
}

fn with_jobs(jobs: &[&CodePath]) -> TokenStream {
    if jobs.is_empty() {
        return TokenStream::new();
    }
    let functions = jobs.iter().map(|CodePath { path, name, .. }| {
        quote! {
            r::JobFunction {
                name: #name,
                run: |transaction, progress| r::call_job(#path, transaction, progress),
            }
        }
    });
    quote! {
        .with_jobs({
            const JOBS: &r::JobTable = &r::JobTable::new(&[#(#functions),*]);
            JOBS
        })
    }
}
