//! What is detected beside a crowd, and behind a clock that was set back.

use std::time::Duration;

use futures_executor::block_on;
use syft_space_domain::audit::{Action, Actor, Log};
use syft_space_domain::detection::{DetectionKind, DetectionTerms, detect};
use syft_space_domain::ids::AccountId;
use syft_space_domain::store::MAX_EVENTS_PER_UNIT;
use syft_space_domain::tenant::OperatorScope;

use crate::world::{World, account, context};

const MINUTE: Duration = Duration::from_secs(60);

fn terms() -> DetectionTerms {
    DetectionTerms { reads: 200, ..DetectionTerms::default() }
}

/// Somebody reads content so many times.
fn read(world: &World, who: AccountId, times: usize) {
    let tenant = world.owner.snapshot().tenant.id;
    let event = || {
        let actor = Actor::Account { id: who, role: None };
        context(&world.space).event(Log::Tenant(tenant), Action::SensitiveRead, actor).unwrap()
    };
    let all: Vec<_> = std::iter::repeat_with(event).take(times).collect();
    for events in all.chunks(MAX_EVENTS_PER_UNIT) {
        block_on(world.space.store.record_all(events.to_vec())).unwrap();
    }
}

/// How many times mass exports are detected now.
fn detected(world: &World) -> usize {
    let mut found = 0;
    loop {
        let round = block_on(detect(&world.space, &OperatorScope::at_startup(), terms())).unwrap();
        found += round.detected.iter().filter(|detected| detected.kind == DetectionKind::MassExport).count();
        if !round.is_behind {
            return found;
        }
    }
}

#[test]
fn u1_who_reads_much_is_detected_beside_another_who_reads_far_more() {
    let world = World::new();
    let (owner, thief) =
        (account(&world.owner), account(&world.member("eve", syft_space_domain::access::Role::Admin)));
    read(&world, owner, 300);
    assert_eq!(detected(&world), 1);
    for _ in 0..20 {
        read(&world, owner, 500);
        read(&world, thief, 9);
        assert_eq!(detected(&world), 0, "the owner was told of, and the thief reads too little");
    }
    read(&world, owner, 2_500);
    read(&world, thief, 20);
    assert_eq!(detected(&world), 1);
}

#[test]
fn u1_what_is_told_before_a_clock_is_set_back_silences_nothing_behind_it() {
    let world = World::new();
    let owner = account(&world.owner);
    read(&world, owner, 200);
    assert_eq!(detected(&world), 1);
    read(&world, owner, 200);
    assert_eq!(detected(&world), 0, "once in a window");
    world.clock.set(world.space.clock.now().minus(MINUTE * 60));
    read(&world, owner, 199);
    assert_eq!(detected(&world), 0, "what was read at a time that is not yet is counted with nothing");
    read(&world, owner, 1);
    assert_eq!(detected(&world), 1);
    world.clock.advance(MINUTE * 11);
    read(&world, owner, 200);
    assert_eq!(detected(&world), 1, "the next window tells it again");
}
