//! Where a mutant goes: beside what it replaces, in a branch of an `if` that asks whether it is on.

use std::collections::BTreeSet;
use std::ops::Range;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    Arm, BinOp, Block, Expr, ExprBinary, ExprStruct, ExprUnary, ImplItemFn, ItemFn, Member, Signature,
    TraitItemFn,
};

use crate::edit::{Edit, Piece};

/// One of the list.
pub(crate) struct Mutant<'a> {
    pub(crate) number: usize,
    /// What kind of change it is, in the words of cargo-mutants.
    pub(crate) genre: &'a str,
    pub(crate) replacement: &'a str,
    /// The byte at which what it replaces begins.
    pub(crate) start: usize,
}

impl Mutant<'_> {
    fn is_on(&self) -> String {
        format!("crate::mutant::is_on({})", self.number)
    }

    fn piece(&self, text: impl Into<String>) -> Piece {
        Piece::Of(self.number, text.into())
    }
}

/// One file's mutants, on their way to their places.
pub(crate) struct Placing<'a> {
    source: &'a str,
    mutants: &'a [Mutant<'a>],
    constant: &'a BTreeSet<String>,
    edits: Vec<Edit>,
}

impl<'a> Placing<'a> {
    pub(crate) fn new(source: &'a str, mutants: &'a [Mutant<'a>], constant: &'a BTreeSet<String>) -> Self {
        Self { source, mutants, constant, edits: Vec::new() }
    }

    pub(crate) fn into_edits(self) -> Vec<Edit> {
        self.edits
    }

    fn at(&self, genre: &str, starts: Range<usize>) -> Vec<&'a Mutant<'a>> {
        self.mutants.iter().filter(|mutant| mutant.genre == genre && starts.contains(&mutant.start)).collect()
    }

    fn of(&self, genre: &str, node: &impl Spanned) -> Vec<&'a Mutant<'a>> {
        let start = range(node).start;
        self.at(genre, start..start + 1)
    }

    fn edit(&mut self, range: Range<usize>, pieces: Vec<Piece>) {
        self.edits.push(Edit { range, pieces });
    }

    /// `if on { return VALUE; }` before a body, and a function that is asked for it at run time.
    fn function(&mut self, signature: &Signature, body: &Block) {
        if let Some(constant) = &signature.constness
            && !self.constant.contains(&signature.ident.to_string())
        {
            self.edit(range(constant), Vec::new());
        }
        // What returns an `impl Trait` returns one type: another value would be of another.
        if self.source[range(&signature.output)].contains("impl ") {
            return;
        }
        let Some(first) = body.stmts.first().map(|first| range(first).start) else { return };
        let values = self.at("FnValue", range(body).start..first + 1);
        let pieces: Vec<Piece> = values
            .into_iter()
            .map(|value| value.piece(format!("if {} {{ return {}; }} ", value.is_on(), value.replacement)))
            .collect();
        if !pieces.is_empty() {
            self.edit(first..first, pieces);
        }
    }
}

fn range(node: &impl Spanned) -> Range<usize> {
    node.span().byte_range()
}

fn text(text: impl Into<String>) -> Piece {
    Piece::Text(text.into())
}

fn is_logic(operator: BinOp) -> bool {
    matches!(operator, BinOp::And(_) | BinOp::Or(_))
}

/// Whether a condition binds a name, which no other operator may.
fn binds(expression: &Expr) -> bool {
    match expression {
        Expr::Let(_) => true,
        Expr::Binary(binary) => is_logic(binary.op) && (binds(&binary.left) || binds(&binary.right)),
        _ => false,
    }
}

impl<'ast> Visit<'ast> for Placing<'_> {
    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.function(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.function(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if let Some(body) = &function.default {
            self.function(&function.sig, body);
        }
        visit::visit_trait_item_fn(self, function);
    }

    fn visit_expr_binary(&mut self, binary: &'ast ExprBinary) {
        let operators = self.of("BinaryOperator", &binary.op);
        let (whole, left, right) = (range(binary), range(&binary.left), range(&binary.right));
        if !operators.is_empty() && is_logic(binary.op) && !binds(&binary.left) && !binds(&binary.right) {
            // The left side stands once: in a chain it is all that came before.
            let mut pieces = vec![text("(match ("), Piece::Source(left), text(") { left__ => ")];
            for mutant in operators {
                pieces.push(mutant.piece(format!("if {} {{ left__ {} ", mutant.is_on(), mutant.replacement)));
                pieces.extend([Piece::Source(right.clone()), text(" } else ")]);
            }
            pieces.push(text(format!("{{ left__ {} ", &self.source[range(&binary.op)])));
            pieces.extend([Piece::Source(right), text(" } })")]);
            self.edit(whole, pieces);
        } else if !operators.is_empty() && !is_logic(binary.op) {
            let mut pieces = vec![text("({ ")];
            for mutant in operators {
                pieces.extend([
                    mutant.piece(format!("if {} {{ ", mutant.is_on())),
                    Piece::Source(left.clone()),
                ]);
                pieces.extend([
                    mutant.piece(format!(" {} ", mutant.replacement)),
                    Piece::Source(right.clone()),
                ]);
                pieces.push(text(" } else "));
            }
            pieces.extend([text("{ "), Piece::Source(whole.clone()), text(" } })")]);
            self.edit(whole, pieces);
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &'ast ExprUnary) {
        let operators = self.of("UnaryOperator", &unary.op);
        if !operators.is_empty() {
            let mut pieces = vec![text("(")];
            for mutant in operators {
                pieces.push(mutant.piece(format!("if {} {{ {} ", mutant.is_on(), mutant.replacement)));
                pieces.extend([Piece::Source(range(&unary.expr)), text(" } else ")]);
            }
            pieces.extend([text("{ "), Piece::Source(range(unary)), text(" })")]);
            self.edit(range(unary), pieces);
        }
        visit::visit_expr_unary(self, unary);
    }

    fn visit_arm(&mut self, arm: &'ast Arm) {
        // An arm that is deleted is one whose guard is false.
        let mut before: Vec<Piece> = self
            .of("MatchArm", arm)
            .into_iter()
            .map(|mutant| mutant.piece(format!("!{} && ", mutant.is_on())))
            .collect();
        if let Some((_, guard)) = &arm.guard {
            let (always, never): (Vec<_>, Vec<_>) =
                self.of("MatchArmGuard", guard).into_iter().partition(|mutant| mutant.replacement == "true");
            if !(before.is_empty() && always.is_empty() && never.is_empty()) && !binds(guard) {
                before.push(text("("));
                before
                    .extend(always.into_iter().map(|mutant| mutant.piece(format!("{} || ", mutant.is_on()))));
                before.push(text("("));
                before
                    .extend(never.into_iter().map(|mutant| mutant.piece(format!("!{} && ", mutant.is_on()))));
                before.extend([text("("), Piece::Source(range(guard)), text(")))")]);
                self.edit(range(guard), before);
            }
        } else if !before.is_empty() {
            before.insert(0, text(" if "));
            before.push(text("true"));
            let end = range(&arm.pat).end;
            self.edit(end..end, before);
        }
        visit::visit_arm(self, arm);
    }

    fn visit_expr_struct(&mut self, made: &'ast ExprStruct) {
        for field in &made.fields {
            let deleted = self.of("StructField", field);
            let (Some(rest), Member::Named(name), false) = (&made.rest, &field.member, deleted.is_empty())
            else {
                continue;
            };
            let mut pieces = vec![text(format!("{name}: "))];
            for mutant in deleted {
                // A field of a place is moved alone; of a value, the rest is dropped.
                let (open, close) = if matches!(**rest, Expr::Path(_)) {
                    (String::new(), format!(".{name} }} else "))
                } else {
                    let path = &self.source[range(&made.path)];
                    (format!("let rest__: {path} = "), format!("; rest__.{name} }} else "))
                };
                pieces.extend([
                    mutant.piece(format!("if {} {{ {open}", mutant.is_on())),
                    Piece::Source(range(rest)),
                ]);
                pieces.push(mutant.piece(close));
            }
            pieces.extend([text("{ "), Piece::Source(range(&field.expr)), text(" }")]);
            self.edit(range(field), pieces);
        }
        visit::visit_expr_struct(self, made);
    }
}
