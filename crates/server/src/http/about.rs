//! What a route says of itself: what it takes, what it answers, and why it may refuse.
//!
//! Each row of the [route table](crate::http::route_table) ends with one of these. Requests are checked against it
//! where that is possible (the query string), the [description](crate::http::openapi) for machines is made of it, and
//! the tests hold every answer they see against it.

use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::http::reason::Reason;
use crate::routes::shapes;

/// Puts the schema of a type among those that are known, and answers how to refer to it.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// How to refer to the schema of a type.
pub(crate) fn schema_of<T: JsonSchema>(known: &mut SchemaGenerator) -> Schema {
    known.subschema_for::<T>()
}

/// A parameter of the query string.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub what: &'static str,
    /// What it may be.
    pub schema: SchemaOf,
}

impl Parameter {
    /// A parameter that may be left out.
    #[must_use]
    pub const fn new<T: JsonSchema>(name: &'static str, what: &'static str) -> Self {
        Self { name, what, schema: schema_of::<T> }
    }
}

/// How many items a page holds.
pub const LIMIT: Parameter = Parameter::new::<shapes::PageLimitShape>("limit", "How many items at most.");
/// Where a page begins.
pub const CURSOR: Parameter = Parameter::new::<shapes::CursorShape>(
    "cursor",
    "Where to go on: the `next_cursor` of the answer before. Left out, the list begins.",
);

/// A bound on a body, which the settings say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// That of ordinary bodies.
    Body,
    /// That of bodies that bring documents.
    Documents,
    /// That of bodies that bring files.
    Files,
}

/// A form in which a body is taken.
#[derive(Debug, Clone, Copy)]
pub struct Takes {
    /// Its media type.
    pub media_type: &'static str,
    /// What it holds.
    pub schema: SchemaOf,
    /// How large it may be.
    pub bound: Bound,
}

/// A way in which a route answers when it did what was asked.
#[derive(Debug, Clone, Copy)]
pub struct Answers {
    /// With which status.
    pub status: u16,
    /// In which media type; empty where there is no body.
    pub media_type: &'static str,
    /// What the body holds.
    pub schema: Option<SchemaOf>,
}

/// What a route says of itself.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// What it does, in a few words.
    pub summary: &'static str,
    /// What else one should know.
    pub description: &'static str,
    /// The parameters of its query string. Any other is refused.
    pub query: &'static [Parameter],
    /// Headers that it heeds, besides those of every route.
    pub headers: &'static [Parameter],
    /// The forms in which it takes a body; none where it takes no body.
    pub takes: [Option<Takes>; 2],
    /// How it answers.
    pub answers: [Option<Answers>; 2],
    /// Whether its answer bears an `ETag`.
    pub tagged: bool,
    /// Whether it heeds `If-Match`.
    pub if_match: bool,
    /// Why it may refuse, besides what every route of its kind may refuse for.
    pub reasons: &'static [Reason],
}

/// Begins what a route says of itself.
#[must_use]
pub const fn says(summary: &'static str) -> About {
    About {
        summary,
        description: "",
        query: &[],
        headers: &[],
        takes: [None; 2],
        answers: [None; 2],
        tagged: false,
        if_match: false,
        reasons: &[],
    }
}

impl About {
    /// Says more.
    #[must_use]
    pub const fn more(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    /// It has these parameters in the query string.
    #[must_use]
    pub const fn asks(mut self, query: &'static [Parameter]) -> Self {
        self.query = query;
        self
    }

    /// It is a list, in pages.
    #[must_use]
    pub const fn pages(self) -> Self {
        self.asks(&[LIMIT, CURSOR])
    }

    /// It heeds these headers.
    #[must_use]
    pub const fn heeds(mut self, headers: &'static [Parameter]) -> Self {
        self.headers = headers;
        self
    }

    /// It takes a JSON body.
    #[must_use]
    pub const fn takes<T: JsonSchema>(self) -> Self {
        self.takes_as::<T>("application/json", Bound::Body)
    }

    /// It takes a JSON merge patch (RFC 7396).
    #[must_use]
    pub const fn patches<T: JsonSchema>(self) -> Self {
        self.takes_as::<T>("application/merge-patch+json", Bound::Body)
            .takes_as::<T>("application/json", Bound::Body)
    }

    /// It takes a body of this media type.
    #[must_use]
    pub const fn takes_as<T: JsonSchema>(mut self, media_type: &'static str, bound: Bound) -> Self {
        let takes = Some(Takes { media_type, schema: schema_of::<T>, bound });
        let [first, second] = &mut self.takes;
        if first.is_none() {
            *first = takes;
        } else {
            *second = takes;
        }
        self
    }

    /// It answers with JSON.
    #[must_use]
    pub const fn answers<T: JsonSchema>(self, status: u16) -> Self {
        self.answers_as(Answers { status, media_type: "application/json", schema: Some(schema_of::<T>) })
    }

    /// It answers that it is done, with no body.
    #[must_use]
    pub const fn is_done(self) -> Self {
        self.answers_as(Answers { status: 204, media_type: "", schema: None })
    }

    /// It answers so.
    #[must_use]
    pub const fn answers_as(mut self, answers: Answers) -> Self {
        let [first, second] = &mut self.answers;
        if first.is_none() {
            *first = Some(answers);
        } else {
            *second = Some(answers);
        }
        self
    }

    /// Its answer bears the `ETag` that `If-Match` may name.
    #[must_use]
    pub const fn tagged(mut self) -> Self {
        self.tagged = true;
        self
    }

    /// It is done only if `If-Match` names the present revision.
    #[must_use]
    pub const fn if_match(mut self) -> Self {
        self.if_match = true;
        self
    }

    /// It may refuse for these reasons too.
    #[must_use]
    pub const fn refuses(mut self, reasons: &'static [Reason]) -> Self {
        self.reasons = reasons;
        self
    }
}
