//! The routes of groups, and of who is in one.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::group::{self, GroupName};
use syft_space_domain::identity::Email;
use syft_space_domain::ids::GroupId;
use syft_space_domain::text::Line;
use syft_space_domain::time::Timestamp;

use crate::http::json::present;
use crate::http::problem::Problem;
use crate::http::reason::Reason;
use crate::http::request::Request;
use crate::routes::reply;
use crate::routes::shapes;

/// A named list of addresses.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Group {
    #[schemars(with = "shapes::IdShape")]
    pub(crate) id: GroupId,
    #[schemars(with = "shapes::GroupNameShape")]
    pub(crate) name: GroupName,
    pub(crate) description: String,
    /// How many addresses are in it.
    pub(crate) members: u64,
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) created_at: Timestamp,
    /// When it, or who is in it, was last changed.
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) updated_at: Timestamp,
}

impl From<group::Group> for Group {
    fn from(group: group::Group) -> Self {
        let group::Group { id, name, description, members, created_at, updated_at, .. } = group;
        Self { id, name, description, members, created_at, updated_at }
    }
}

fn respond(status: StatusCode, group: group::Group) -> Result<HttpResponse, Problem> {
    reply::resource(status, group.revision, &Group::from(group))
}

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let page = request.query().page()?;
    let found = group::groups(request.space(), request.principal()?, page).await?;
    reply::list(found, Group::from).await
}

pub(crate) async fn get(request: Request) -> Result<HttpResponse, Problem> {
    let found = group::group(request.space(), request.principal()?, name(&request)?).await?;
    respond(StatusCode::OK, found)
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewGroup {
    #[schemars(with = "shapes::GroupNameShape")]
    pub(crate) name: GroupName,
    #[serde(default)]
    #[schemars(with = "shapes::LineShape")]
    pub(crate) description: Line,
}

pub(crate) async fn create(mut request: Request) -> Result<HttpResponse, Problem> {
    let body: NewGroup = request.json().await?;
    let wanted = group::NewGroup { name: body.name, description: body.description };
    let made = group::create_group(request.space(), &request.context, request.principal()?, wanted).await?;
    respond(StatusCode::CREATED, made)
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeGroup {
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::LineShape")]
    pub(crate) description: Option<Line>,
}

pub(crate) async fn change(mut request: Request) -> Result<HttpResponse, Problem> {
    let name = name(&request)?;
    // What is not there is answered before the body is judged.
    group::group(request.space(), request.principal()?, name.clone()).await?;
    let body: ChangeGroup = request.merge_patch().await?;
    let change = group::ChangeGroup { description: body.description, if_revision: request.if_match() };
    let changed =
        group::change_group(request.space(), &request.context, request.principal()?, name, change).await?;
    respond(StatusCode::OK, changed)
}

pub(crate) async fn remove(request: Request) -> Result<HttpResponse, Problem> {
    let (name, if_revision) = (name(&request)?, request.if_match());
    group::remove_group(request.space(), &request.context, request.principal()?, name, if_revision).await?;
    Ok(reply::no_content())
}

/// An address in a group.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct GroupMember {
    #[schemars(with = "shapes::CanonicalEmailShape")]
    pub(crate) email: Email,
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) added_at: Timestamp,
}

pub(crate) async fn members(request: Request) -> Result<HttpResponse, Problem> {
    let page = request.query().page()?;
    let found = group::members(request.space(), request.principal()?, name(&request)?, page).await?;
    reply::list(found, |member| GroupMember { email: member.email, added_at: member.added_at }).await
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddGroupMembers {
    /// One that stands twice counts once.
    #[schemars(with = "Vec<shapes::EmailShape>", length(min = 1, max = group::MAX_MEMBERS_AT_ONCE))]
    pub(crate) emails: Vec<Email>,
}

/// What became of a group.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct AddedGroupMembers {
    /// How many addresses were not in it before.
    pub(crate) added: u64,
    /// How many addresses are in it now.
    pub(crate) members: u64,
}

pub(crate) async fn add(mut request: Request) -> Result<HttpResponse, Problem> {
    let name = name(&request)?;
    // What is not there is answered before the body is judged.
    group::group(request.space(), request.principal()?, name.clone()).await?;
    let body: AddGroupMembers = request.json().await?;
    let added =
        group::add_members(request.space(), &request.context, request.principal()?, name, body.emails)
            .await?;
    let body = AddedGroupMembers { added: added.changed, members: added.group.members };
    reply::json(StatusCode::OK, &body)
}

pub(crate) async fn add_one(request: Request) -> Result<HttpResponse, Problem> {
    let (name, email) = (name(&request)?, address(&request).await?);
    group::add_members(request.space(), &request.context, request.principal()?, name, vec![email]).await?;
    Ok(reply::no_content())
}

pub(crate) async fn remove_one(request: Request) -> Result<HttpResponse, Problem> {
    let (name, email) = (name(&request)?, address(&request).await?);
    group::remove_members(request.space(), &request.context, request.principal()?, name, vec![email]).await?;
    Ok(reply::no_content())
}

fn name(request: &Request) -> Result<GroupName, Problem> {
    request.path("name", "group")
}

/// The address of the path.
#[derive(Deserialize)]
struct MemberPath {
    address: String,
}

/// The address in the path. What is none is in no group, and is put into none.
async fn address(request: &Request) -> Result<Email, Problem> {
    let MemberPath { address } = request.path_texts("address").await?;
    address
        .parse()
        .map_err(|error| Problem::new(Reason::NotFound, format!("there is no such address: {error}")))
}
