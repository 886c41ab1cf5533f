//! An access review is of one moment, is read page by page, and is signed off as of then.

use std::time::Duration;

use syft_space_conformance::sample::{account, account_id, email, event, invitation_id};
use syft_space_domain::access::Role;
use syft_space_domain::audit::{Action, Log};
use syft_space_domain::identity::{Account, Email, Member, Principal};
use syft_space_domain::page::{Cursor, CursorError, PageLimit, PageRequest};
use syft_space_domain::policy::{
    OpenReviews, ReviewError, ReviewPage, ReviewToken, SignedOff, SubjectKey, sign_off,
};
use syft_space_domain::store::{StoreError, Tx};
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::unit::Recorded;

use crate::explaining::{Case, Tenant};
use crate::reviewing::{change, furnish, page, providers, read_whole, store};
use crate::world::block_on;

#[test]
fn z4_a_review_is_signed_off_by_an_owner_who_may_still_do_it_and_as_of_when_it_was_read() {
    block_on(async {
        let case = Case { published: true, policies: Vec::new() };
        let tenant = Tenant::new(&case).await;
        furnish(&tenant, &case).await;
        let (space, context) = (&tenant.world.space, &tenant.world.context());
        let as_of = space.clock.now();
        let (_, (digest, token)) = read_whole(&tenant, 3).await;
        let sign =
            async |by: &Principal, token: &ReviewToken| sign_off(space, context, by, digest, token).await;
        assert_eq!(sign(&tenant.owner, &token).await, Ok(SignedOff { as_of, digest }));
        // It was read, whatever has changed since: the event says as of when.
        change(&tenant, 3, |member| member.role = Role::Viewer).await;
        tenant.world.clock.advance(Duration::from_secs(600));
        assert_eq!(sign(&tenant.owner, &token).await, Ok(SignedOff { as_of, digest }));
        // Nobody signs another one than they have the digest of.
        let (_, (other, of_other)) = read_whole(&tenant, 100).await;
        assert_ne!(other, digest);
        assert_eq!(sign(&tenant.owner, &of_other).await, Err(ReviewError::Unknown));
        // An admin reviews, and does not sign off.
        let admin = tenant.member(account_id(2), email(2)).unwrap();
        assert!(page(&tenant, &admin, PageRequest::default()).await.is_ok());
        assert!(matches!(sign(&admin, &token).await, Err(ReviewError::Authorization(_))));
        // Half of it is none of it, nor is what another tenant or nobody gave out.
        let half = PageRequest { limit: PageLimit::parse(2).unwrap(), after: None };
        let half = page(&tenant, &tenant.owner, half).await.unwrap();
        let cursor = half.subjects.next.unwrap().0;
        assert!(half.whole.is_none());
        assert_eq!(sign(&tenant.owner, &cursor).await, Err(ReviewError::Unknown));
        let other = tenant.world.owner("globex").await;
        for (by, token) in [(&other, &token), (&tenant.owner, &ReviewToken::parse("00").unwrap())] {
            assert_eq!(sign(by, token).await, Err(ReviewError::Unknown));
        }
        for (by, token) in [(&other, &cursor), (&tenant.owner, &token)] {
            let request = PageRequest { after: Some(Cursor(token.clone())), ..PageRequest::default() };
            let refused = page(&tenant, by, request).await;
            assert_eq!(refused, Err(ReviewError::Cursor(CursorError)), "it is no cursor of theirs");
        }
        // Whoever may not any more does not, nor do they read one.
        change(&tenant, 1, |member| member.role = Role::Admin).await;
        assert!(matches!(sign(&tenant.owner, &token).await, Err(ReviewError::Authorization(_))));
        change(&tenant, 1, |member| member.role = Role::User).await;
        assert!(page(&tenant, &tenant.owner, PageRequest::default()).await.is_err());
    });
}

#[test]
fn z4_a_review_is_signed_off_for_thirty_days_and_read_on_within_ten_minutes() {
    block_on(async {
        let tenant = Tenant::new(&Case { published: true, policies: Vec::new() }).await;
        let (space, context) = (&tenant.world.space, &tenant.world.context());
        let (_, (digest, token)) = read_whole(&tenant, 3).await;
        let half = async || {
            let half = PageRequest { limit: PageLimit::parse(2).unwrap(), after: None };
            page(&tenant, &tenant.owner, half).await.unwrap()
        };
        let rest =
            |half: &ReviewPage| PageRequest { after: half.subjects.next.clone(), ..PageRequest::default() };
        let begun = half().await;
        let wait = |span: Duration| {
            tenant.world.clock.advance(span);
            space.reviews.forget_old(space.clock.now());
        };
        wait(OpenReviews::KEPT - Duration::from_secs(1));
        let whole = page(&tenant, &tenant.owner, rest(&begun)).await.unwrap();
        assert_eq!((whole.as_of, whole.whole.is_some()), (begun.as_of, true));
        // The last page has been read, and the one before it can be read again for a while.
        wait(Duration::from_secs(1));
        let owner = tenant.member(account_id(1), email(1)).unwrap();
        let late = page(&tenant, &owner, rest(&begun)).await;
        assert_eq!(late, Err(ReviewError::Cursor(CursorError)));
        tenant.world.clock.advance(ReviewToken::LIFETIME - OpenReviews::KEPT - Duration::from_secs(1));
        let owner = tenant.member(account_id(1), email(1)).unwrap();
        assert!(sign_off(space, context, &owner, digest, &token).await.is_ok());
        tenant.world.clock.advance(Duration::from_secs(1));
        let owner = tenant.member(account_id(1), email(1)).unwrap();
        for token in [token, whole.whole.unwrap().1] {
            assert_eq!(sign_off(space, context, &owner, digest, &token).await, Err(ReviewError::Unknown));
        }
    });
}

#[test]
fn z4_all_pages_of_a_review_are_of_one_moment_whatever_happens_between_them() {
    block_on(async {
        let case = Case { published: true, policies: Vec::new() };
        let tenant = Tenant::new(&case).await;
        furnish(&tenant, &case).await;
        let (expected, (digest, _)) = read_whole(&tenant, 100).await;
        let (mut all, mut after) = (Vec::new(), None);
        let mut n = 200;
        loop {
            let request = PageRequest { limit: PageLimit::parse(1).unwrap(), after };
            let part = page(&tenant, &tenant.owner, request.clone()).await.unwrap();
            // A page that is asked for twice is the same.
            assert_eq!(
                page(&tenant, &tenant.owner, request).await.unwrap().subjects.items,
                part.subjects.items
            );
            let key = part.subjects.items.first().unwrap().key;
            all.extend(part.subjects.items);
            after = part.subjects.next;
            if let Some((whole, _)) = part.whole {
                assert_eq!((all, whole), (expected, digest));
                break;
            }
            // Somebody joins, who is behind and before what was read; what was read goes, and what comes next too.
            n += 1;
            let somebody = Email::parse(&format!("person-{n}@example.org")).unwrap();
            let gone = (1..=5).map(invitation_id).collect::<Vec<_>>();
            let work = move |tx: &mut dyn Tx, scope: &WriteScope| {
                let account = account(1, n, Role::Owner);
                let member = Member { tenant: scope.tenant(), email: somebody.clone(), ..account.member };
                tx.add_account(scope, &Account { member, ..account })?;
                for id in &gone {
                    tx.remove_invitation(scope, *id)?;
                }
                for provider in providers() {
                    tx.remove_oidc_provider(scope, provider.id)?;
                }
                match key {
                    // Whoever reads stays, and may.
                    SubjectKey::Member(account) if account != account_id(1) => {
                        tx.remove_account(scope, account).map(drop)
                    }
                    _ => Ok(()),
                }
            };
            store(&tenant, work).await;
        }
    });
}

#[test]
fn z4_a_tenant_has_few_reviews_open_and_takes_none_of_another() {
    block_on(async {
        let tenant = Tenant::new(&Case { published: true, policies: Vec::new() }).await;
        let other = tenant.world.owner("globex").await;
        let request = |after| PageRequest { limit: PageLimit::parse(1).unwrap(), after };
        let invite = |tx: &mut dyn Tx, scope: &WriteScope| tx.add_oidc_provider(scope, &providers()[1]);
        let of_other = TenantScope::assume(other.snapshot().tenant.id, "a test looks behind the use cases");
        let event = event(Log::Installation, Action::ConfigChange);
        let added: Result<(), StoreError> = (tenant.world.space.store)
            .write(move |tx| {
                invite(tx, &WriteScope::assume(&of_other, "a test looks behind the use cases"))?;
                Ok(Recorded::new((), event.clone()))
            })
            .await;
        added.unwrap();
        let theirs = page(&tenant, &other, request(None)).await.unwrap().subjects.next;
        let mut open = Vec::new();
        for _ in 0..=OpenReviews::MAX_PER_TENANT {
            open.push(page(&tenant, &tenant.owner, request(None)).await.unwrap().subjects.next);
        }
        let last = open.split_off(1);
        let forgotten = page(&tenant, &tenant.owner, request(open.remove(0))).await;
        assert_eq!(forgotten, Err(ReviewError::Cursor(CursorError)), "the oldest makes room");
        for next in last {
            assert!(page(&tenant, &tenant.owner, request(next)).await.is_ok());
        }
        assert!(page(&tenant, &other, request(theirs)).await.is_ok());
    });
}
