//! A space that is killed, cut off or given up between any two calls to the engine leaves what the next one finishes.

use syft_space_domain::provisioning::ports::Provisioner;

use crate::engine::ContainerEngine;
use crate::proxy::{Fault, Proxy};
use crate::space::{CHROMA, credential, dataset, everything, provisioner, scope, settings};

/// More calls than either use of the port makes.
const MANY: usize = 60;

#[tokio::test]
#[ignore = "needs a container engine"]
async fn r4_whatever_call_is_broken_the_next_space_finishes_what_was_begun() {
    let engine = ContainerEngine::start();
    let direct = || provisioner(settings(&engine, &engine.way()));
    for fault in [Fault::Lost, Fault::Unanswered, Fault::Half] {
        let (mut made_whole, mut removed_whole) = (false, false);
        for nth in 1..MANY {
            let proxy = Proxy::begin(&engine.way(), nth, fault);
            let broken = provisioner(settings(&engine, &proxy.socket()));
            let made = broken.provision(&scope(1), dataset(1), CHROMA, &credential(1)).await;
            made_whole = !proxy.has_broken(nth);
            assert_eq!(made.is_ok(), made_whole, "{fault:?} at call {nth}: {made:?}");
            drop(broken);
            direct().provision(&scope(1), dataset(1), CHROMA, &credential(1)).await.unwrap();
            assert_eq!(everything(&engine), (1, 1, 1), "{fault:?} at call {nth} of making");

            let proxy = Proxy::begin(&engine.way(), nth, fault);
            let broken = provisioner(settings(&engine, &proxy.socket()));
            let gone = broken.deprovision(&scope(1), dataset(1)).await;
            removed_whole = !proxy.has_broken(nth);
            assert_eq!(gone.is_ok(), removed_whole, "{fault:?} at call {nth}: {gone:?}");
            drop(broken);
            direct().deprovision(&scope(1), dataset(1)).await.unwrap();
            assert_eq!(everything(&engine), (0, 0, 0), "{fault:?} at call {nth} of removing");
            if made_whole && removed_whole {
                println!("{fault:?}: {nth} calls");
                break;
            }
        }
        assert!(made_whole && removed_whole, "each call was broken once");
    }
}

#[tokio::test]
#[ignore = "needs a container engine"]
async fn r4_what_was_begun_and_is_wanted_no_more_goes_without_being_finished() {
    let engine = ContainerEngine::start();
    let direct = provisioner(settings(&engine, &engine.way()));
    for nth in 1..MANY {
        let proxy = Proxy::begin(&engine.way(), nth, Fault::Unanswered);
        let broken = provisioner(settings(&engine, &proxy.socket()));
        let made = broken.provision(&scope(1), dataset(1), CHROMA, &credential(1)).await;
        direct.deprovision(&scope(1), dataset(1)).await.unwrap();
        assert_eq!(everything(&engine), (0, 0, 0), "broken at call {nth}");
        if made.is_ok() {
            return;
        }
    }
    panic!("the database was never made");
}

#[tokio::test]
#[ignore = "needs a container engine"]
async fn r4_who_stops_waiting_at_any_call_keeps_nobody_from_doing_it_again() {
    let engine = ContainerEngine::start();
    for nth in 1..MANY {
        let proxy = Proxy::begin(&engine.way(), nth, Fault::Hangs);
        // The same space goes on: its locks are the ones that the one who left has held.
        let space = provisioner(settings(&engine, &proxy.socket()));
        let (tenant, credential) = (scope(1), credential(1));
        let whole = tokio::select! {
            made = space.provision(&tenant, dataset(1), CHROMA, &credential) => { made.unwrap(); true }
            () = proxy.is_broken() => false,
        };
        if whole {
            return;
        }
        space.provision(&tenant, dataset(1), CHROMA, &credential).await.unwrap();
        assert_eq!(everything(&engine), (1, 1, 1), "left at call {nth}");
        space.deprovision(&tenant, dataset(1)).await.unwrap();
        assert_eq!(everything(&engine), (0, 0, 0), "left at call {nth}");
    }
    panic!("nobody waited to the end");
}
