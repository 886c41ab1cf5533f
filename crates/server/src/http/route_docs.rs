//! The documentation of a route as data: the request it takes, the responses it gives, the reasons it refuses for.
//!
//! Each row of the [route table](crate::http::route_table) ends with one of these. Requests are checked against it
//! where that is possible (the query string), the [OpenAPI document](crate::http::openapi) is made of it, and the tests
//! hold every answer they see against it.

use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::http::reason::Reason;
use crate::routes::shapes;

/// Adds the schema of a type to a generator, and returns a reference to it.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// A reference to the schema of a type.
pub(crate) fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// A parameter of a request: of its path, its query string or its headers.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// The name, as it stands in the request.
    pub name: &'static str,
    /// What it does.
    pub description: &'static str,
    /// The schema of its value.
    pub schema: SchemaOf,
}

impl Parameter {
    /// A parameter whose value is of the type `T`.
    #[must_use]
    pub const fn new<T: JsonSchema>(name: &'static str, description: &'static str) -> Self {
        Self { name, description, schema: schema_of::<T> }
    }
}

/// How many items a page holds.
pub const LIMIT: Parameter = Parameter::new::<shapes::PageLimitShape>("limit", "How many items at most.");
/// Where a page begins.
pub const CURSOR: Parameter = Parameter::new::<shapes::CursorShape>(
    "cursor",
    "Where to go on: the `next_cursor` of the answer before. Left out, the list begins.",
);

/// The setting that limits the size of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyLimit {
    /// The limit of ordinary bodies.
    Body,
    /// The limit of bodies that bring documents.
    Documents,
    /// The limit of bodies that bring files.
    Files,
}

/// A form in which a route takes a body.
#[derive(Debug, Clone, Copy)]
pub struct RequestBody {
    /// The media type.
    pub media_type: &'static str,
    /// The schema of the body.
    pub schema: SchemaOf,
    /// How large it may be.
    pub limit: BodyLimit,
}

/// A response of a route that did what was asked.
#[derive(Debug, Clone, Copy)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The media type; empty where there is no body.
    pub media_type: &'static str,
    /// The schema of the body.
    pub schema: Option<SchemaOf>,
}

/// The documentation of a route.
#[derive(Debug, Clone, Copy)]
pub struct RouteDocs {
    /// What the route does, in a few words.
    pub summary: &'static str,
    /// What else a caller should know.
    pub description: &'static str,
    /// The parameters of the query string. Any other is refused.
    pub query: &'static [Parameter],
    /// Whether another parameter is ignored instead: those who send the request are told to expect that.
    pub ignores_unknown_parameters: bool,
    /// Whether HEAD is refused: the GET is for once, and a look ahead would use it up.
    pub refuses_head: bool,
    /// Headers that the route reads, besides those of every route.
    pub headers: &'static [Parameter],
    /// The forms in which it takes a body; none where it takes no body.
    pub request_bodies: [Option<RequestBody>; 2],
    /// The responses of success.
    pub responses: [Option<Response>; 2],
    /// Whether the route adds to what is there, which takes room as making something does.
    pub adds: bool,
    /// Whether the response has an `ETag`.
    pub etag: bool,
    /// Whether the response, and a 429, tells how the limits of a policy stand.
    pub limits: bool,
    /// Whether an answer of the route has a receipt, where one is asked for.
    pub receipt: bool,
    /// Whether the route reads `If-Match`.
    pub if_match: bool,
    /// The reasons for which it may refuse, besides those of every route of its kind.
    pub reasons: &'static [Reason],
}

/// The documentation of a route of which only the summary is known yet.
#[must_use]
pub const fn summary(summary: &'static str) -> RouteDocs {
    RouteDocs {
        summary,
        description: "",
        query: &[],
        ignores_unknown_parameters: false,
        refuses_head: false,
        headers: &[],
        request_bodies: [None; 2],
        responses: [None; 2],
        adds: false,
        etag: false,
        limits: false,
        receipt: false,
        if_match: false,
        reasons: &[],
    }
}

impl RouteDocs {
    /// Whether the route makes or adds what was not there, which takes room and is kept.
    #[must_use]
    pub fn makes_something(&self) -> bool {
        self.adds || self.responses.iter().flatten().any(|response| matches!(response.status, 201 | 202))
    }

    /// Whether the route brings documents, which a job takes in behind the answer.
    #[must_use]
    pub fn starts_job(&self) -> bool {
        self.responses.iter().flatten().any(|response| response.status == 202)
    }

    /// Adds a description.
    #[must_use]
    pub const fn description(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    /// Sets the parameters of the query string.
    #[must_use]
    pub const fn query(mut self, query: &'static [Parameter]) -> Self {
        self.query = query;
        self
    }

    /// Ignores parameters of the query string that are not known (RFC 6749, section 4.1.2).
    #[must_use]
    pub const fn ignore_unknown_parameters(mut self) -> Self {
        self.ignores_unknown_parameters = true;
        self
    }

    /// Refuses HEAD, which would do what the GET does and lose the answer.
    #[must_use]
    pub const fn without_head(mut self) -> Self {
        self.refuses_head = true;
        self
    }

    /// Adds the parameters of a list in pages.
    #[must_use]
    pub const fn paged(self) -> Self {
        self.query(&[LIMIT, CURSOR])
    }

    /// Sets the headers that the route reads.
    #[must_use]
    pub const fn headers(mut self, headers: &'static [Parameter]) -> Self {
        self.headers = headers;
        self
    }

    /// Adds a JSON body.
    #[must_use]
    pub const fn request_body<T: JsonSchema>(self) -> Self {
        self.request_body_as::<T>("application/json", BodyLimit::Body)
    }

    /// Adds a body that is a JSON merge patch (RFC 7396).
    #[must_use]
    pub const fn merge_patch<T: JsonSchema>(self) -> Self {
        self.request_body_as::<T>("application/merge-patch+json", BodyLimit::Body)
            .request_body_as::<T>("application/json", BodyLimit::Body)
    }

    /// Adds a body of a media type.
    #[must_use]
    pub const fn request_body_as<T: JsonSchema>(
        mut self,
        media_type: &'static str,
        limit: BodyLimit,
    ) -> Self {
        let body = Some(RequestBody { media_type, schema: schema_of::<T>, limit });
        let [first, second] = &mut self.request_bodies;
        if first.is_none() {
            *first = body;
        } else {
            *second = body;
        }
        self
    }

    /// Adds a response with a JSON body.
    #[must_use]
    pub const fn response<T: JsonSchema>(self, status: u16) -> Self {
        self.response_as(Response { status, media_type: "application/json", schema: Some(schema_of::<T>) })
    }

    /// Adds the response 204, which has no body.
    #[must_use]
    pub const fn no_content(self) -> Self {
        self.response_as(Response { status: 204, media_type: "", schema: None })
    }

    /// Adds the response 303, which sends a browser elsewhere.
    #[must_use]
    pub const fn see_other(self) -> Self {
        self.response_as(Response { status: 303, media_type: "", schema: None })
    }

    /// Adds a response.
    #[must_use]
    pub const fn response_as(mut self, response: Response) -> Self {
        let [first, second] = &mut self.responses;
        if first.is_none() {
            *first = Some(response);
        } else {
            *second = Some(response);
        }
        self
    }

    /// The route adds to what is there.
    #[must_use]
    pub const fn adds(mut self) -> Self {
        self.adds = true;
        self
    }

    /// The response has the `ETag` that `If-Match` may name.
    #[must_use]
    pub const fn etag(mut self) -> Self {
        self.etag = true;
        self
    }

    /// The response tells how the limits of a policy stand.
    #[must_use]
    pub const fn limits(mut self) -> Self {
        self.limits = true;
        self
    }

    /// An answer has a receipt, where one is asked for.
    #[must_use]
    pub const fn receipt(mut self) -> Self {
        self.receipt = true;
        self
    }

    /// The route does its work only if `If-Match`, where it is sent, names the current revision.
    #[must_use]
    pub const fn if_match(mut self) -> Self {
        self.if_match = true;
        self
    }

    /// Sets the reasons for which the route may refuse, besides those of every route of its kind.
    #[must_use]
    pub const fn reasons(mut self, reasons: &'static [Reason]) -> Self {
        self.reasons = reasons;
        self
    }
}
