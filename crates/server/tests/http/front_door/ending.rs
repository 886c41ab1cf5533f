//! Queries whose caller, or whose server, goes away.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use syft_space::config::Settings;
use syft_space::startup::serve;
use syft_space_domain::audit::ports::EventFilter;
use syft_space_domain::audit::{Outcome, ReasonCode};
use syft_space_domain::page::PageRequest;
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::OperatorScope;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::front_door::doors::{Doors, Ports, SLUG, Tenant, demand_tickets};
use crate::front_door::ports::{Search, Submit};
use crate::front_door::tickets::Take;
use crate::space::{Client, until};

const TIMEOUT: Duration = Duration::from_secs(20);

/// Sends a query, and waits for no answer.
async fn send_query(caller: &Client) -> TcpStream {
    let body = r#"{"messages":"How high is Kilimanjaro?"}"#;
    let head = format!(
        "POST /api/v1/endpoints/{SLUG}/query HTTP/1.1\r\nHost: space\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        caller.token(),
        body.len()
    );
    let mut stream = TcpStream::connect(caller.root().trim_start_matches("http://")).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn u1_a_caller_who_hangs_up_while_the_search_runs_leaves_one_event() {
    let doors = Doors::open().await;
    demand_tickets(&doors.tenant.owner, &["day"]).await;
    doors.ports.engine.set(Search::Wait);
    let stream = send_query(&doors.tenant.user).await;
    until("the search runs", async || doors.ports.engine.is_waiting()).await;
    assert!(doors.events().await.is_empty());
    // A client that only ends its half of the connection is still answered; this one resets it.
    stream.set_zero_linger().unwrap();
    drop(stream);
    until("an event is written", async || !doors.events().await.is_empty()).await;
    assert_eq!(doors.events().await, [r#""endpoint_query" "failure" "canceled" "endpoint""#]);
    until("the ticket is given back", async || doors.ports.tickets.log().len() == 2).await;
    assert_eq!(doors.ports.tickets.log(), ["day taken", "day released"]);
}

#[tokio::test]
async fn z5_a_caller_who_hangs_up_while_a_policy_is_waited_for_gets_back_what_was_taken() {
    let doors = Doors::open().await;
    let tickets = &doors.ports.tickets;
    demand_tickets(&doors.tenant.owner, &["day", "hour"]).await;
    tickets.set("hour", Take::Wait);
    let stream = send_query(&doors.tenant.user).await;
    until("a ticket is asked for", async || tickets.log().len() == 1).await;
    stream.set_zero_linger().unwrap();
    drop(stream);
    until("the ticket is given back", async || tickets.log().len() == 2).await;
    assert_eq!(tickets.log(), ["day taken", "day released"]);
    assert_eq!(doors.events().await, [r#""endpoint_query" "failure" "canceled" "endpoint""#]);
}

#[tokio::test]
async fn u1_the_first_byte_of_an_answer_leaves_after_its_event_is_durable() {
    let doors = Doors::open().await;
    doors.ports.store.set(Submit::Hold);
    let mut stream = send_query(&doors.tenant.user).await;
    until("the event is being written", async || doors.ports.store.holds() == 1).await;
    let mut first = [0; 1];
    assert!(stream.read(&mut first).now_or_never().is_none());
    assert!(doors.events().await.is_empty());
    doors.ports.store.set(Submit::Run);
    timeout(TIMEOUT, stream.read_exact(&mut first)).await.unwrap().unwrap();
    assert_eq!(doors.events().await, [r#""endpoint_query" "success" null "endpoint""#]);
}

#[tokio::test]
async fn u1_a_query_that_the_shutdown_cuts_off_leaves_one_event() {
    let settings = Settings {
        shutdown_timeout: Duration::from_secs(1),
        listen: "127.0.0.1:0".parse().unwrap(),
        workers: 1,
        ..Settings::default()
    };
    let ports = Ports::new(&settings);
    let space = ports.space.clone();
    let (stop, stopped) = oneshot::channel::<()>();
    let (listening, address) = oneshot::channel();
    let server = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let state = serve::state(space, &settings, None);
            let operator = Arc::new(OperatorScope::at_startup());
            let told = |address| listening.send(address).unwrap();
            serve::serve(state, &settings, operator, None, told, stopped.map(drop)).await.unwrap();
        });
    });
    let anybody = Client::new(&format!("http://{}", address.await.unwrap()));
    let tenant = Tenant::found(&ports.space, &anybody).await;
    demand_tickets(&tenant.owner, &["day"]).await;
    ports.engine.set(Search::Wait);
    let _never_answered = send_query(&tenant.user).await;
    until("the search runs", async || ports.engine.is_waiting()).await;
    drop(stop);
    tokio::task::spawn_blocking(move || server.join().unwrap()).await.unwrap();
    let scope = OperatorScope::at_startup().tenant(tenant.id);
    let filter = EventFilter { outcome: Some(Outcome::Failure), ..EventFilter::default() };
    let read =
        ports.space.store.read(&scope, move |view| view.events(&scope, &filter, PageRequest::default()));
    let page: Result<_, StoreError> = read.await;
    let page = page.unwrap();
    let reasons: Vec<_> = page.events.items.into_iter().map(|recorded| recorded.event.reason_code).collect();
    assert_eq!(reasons, [Some(ReasonCode::Canceled.into())]);
    assert_eq!(ports.tickets.log(), ["day taken", "day released"]);
}
