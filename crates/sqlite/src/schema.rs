//! The tables and columns of `app.db` for Diesel, as `migrations/sqlite` makes them.

use diesel::{allow_tables_to_appear_in_same_query, table};

table! {
    tenants (id) {
        id -> Binary,
        name -> Text,
        version -> BigInt,
        max_members -> BigInt,
        max_datasets -> BigInt,
        max_endpoints -> BigInt,
        max_policies -> BigInt,
        max_documents -> BigInt,
        max_bytes -> BigInt,
        created_at -> BigInt,
        max_key_days -> BigInt,
        second_factor_roles -> Text,
        revision -> BigInt,
        end_asked_at -> Nullable<BigInt>,
        ends_at -> Nullable<BigInt>,
        is_going -> Bool,
    }
}

table! {
    ended_tenants (id) {
        id -> Binary,
        removal -> Text,
    }
}

table! {
    accounts (tenant_id, id) {
        tenant_id -> Binary,
        id -> Binary,
        email -> Text,
        password -> Text,
        role -> Text,
        status -> Text,
        generation -> BigInt,
        revision -> BigInt,
        created_at -> BigInt,
        totp_secret -> Nullable<Binary>,
        totp_confirmed_at -> Nullable<BigInt>,
        totp_last_step -> BigInt,
        short_password -> Bool,
        last_login_at -> Nullable<BigInt>,
    }
}

table! {
    recovery_codes (tenant_id, account_id, code_hash) {
        tenant_id -> Binary,
        account_id -> Binary,
        code_hash -> Binary,
    }
}

table! {
    invitations (tenant_id, id) {
        tenant_id -> Binary,
        id -> Binary,
        email -> Text,
        role -> Text,
        token_hash -> Binary,
        invited_by -> Binary,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

table! {
    api_keys (tenant_id, id) {
        tenant_id -> Binary,
        id -> Binary,
        account_id -> Binary,
        name -> Text,
        scopes -> Text,
        endpoints -> Nullable<Text>,
        addresses -> Nullable<Text>,
        secret -> Binary,
        previous -> Binary,
        created_at -> BigInt,
        rotated_at -> BigInt,
        expires_at -> BigInt,
        last_used_at -> Nullable<BigInt>,
        created_by -> Nullable<Binary>,
        rotated_by -> Nullable<Binary>,
    }
}

table! {
    password_resets (tenant_id, account_id) {
        tenant_id -> Binary,
        account_id -> Binary,
        generation -> BigInt,
        token_hash -> Binary,
        made_by -> Nullable<Binary>,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

table! {
    login_records (account, address) {
        account -> Binary,
        address -> Text,
        guesses_until -> BigInt,
        logged_in_at -> Nullable<BigInt>,
        expires_at -> BigInt,
    }
}

table! {
    sessions (tenant_id, account_id, id) {
        tenant_id -> Binary,
        account_id -> Binary,
        id -> Binary,
        created_at -> BigInt,
        last_used_at -> BigInt,
        expires_at -> BigInt,
        idle_until -> BigInt,
        address -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        refresh_family -> Binary,
        refresh_current -> Binary,
        refresh_previous -> Nullable<Binary>,
        refresh_nonce -> Nullable<Binary>,
        refreshed_at -> Nullable<BigInt>,
    }
}

table! {
    oidc_providers (tenant_id, id) {
        tenant_id -> Binary,
        id -> Binary,
        name -> Text,
        issuer -> Text,
        client_id -> Text,
        client_secret -> Nullable<Binary>,
        allowed_domains -> Text,
        groups_claim -> Nullable<Text>,
        group_roles -> Text,
        created_at -> BigInt,
    }
}

table! {
    oidc_identities (tenant_id, issuer, subject) {
        tenant_id -> Binary,
        issuer -> Text,
        subject -> Text,
        account_id -> Binary,
    }
}

table! {
    oidc_sessions (tenant_id, account_id, session_id) {
        tenant_id -> Binary,
        account_id -> Binary,
        session_id -> Binary,
        provider_id -> Binary,
        subject -> Text,
        sid -> Nullable<Text>,
    }
}

table! {
    datasets (tenant_id, id) {
        tenant_id -> Binary,
        id -> Binary,
        name -> Text,
        summary -> Text,
        tags -> Text,
        analyzer -> Text,
        state -> Text,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        search -> Text,
        encoder -> Nullable<Text>,
        vector_database -> Nullable<Text>,
        vector_url -> Nullable<Text>,
        vector_credential -> Nullable<Binary>,
        remote -> Nullable<Text>,
    }
}

table! {
    jobs (tenant_id, dataset_id, id) {
        tenant_id -> Binary,
        dataset_id -> Binary,
        id -> Binary,
        status -> Text,
        documents_total -> BigInt,
        documents_done -> BigInt,
        chunks -> BigInt,
        bytes -> BigInt,
        errors -> Text,
        created_at -> BigInt,
        finished_at -> Nullable<BigInt>,
        documents_unchanged -> BigInt,
        documents_duplicate -> BigInt,
        documents_failed -> BigInt,
        bytes_total -> BigInt,
        bytes_done -> BigInt,
    }
}

table! {
    endpoints (tenant_id, id) {
        tenant_id -> Binary,
        id -> Binary,
        name -> Text,
        slug -> Text,
        summary -> Text,
        description -> Text,
        tags -> Text,
        dataset_id -> Binary,
        response_type -> Text,
        published -> Bool,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

table! {
    policies (tenant_id, id) {
        tenant_id -> Binary,
        id -> Binary,
        name -> Text,
        policy_type -> Text,
        configuration -> Text,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        patterns -> BigInt,
        bytes -> BigInt,
        enforcement -> Text,
    }
}

table! {
    policy_revisions (tenant_id, policy_id, revision) {
        tenant_id -> Binary,
        policy_id -> Binary,
        revision -> BigInt,
        changed_at -> BigInt,
        changed_by -> Nullable<Binary>,
        changes -> Nullable<Text>,
        rolled_back_to -> Nullable<BigInt>,
        name -> Text,
        policy_type -> Text,
        patterns -> BigInt,
        bytes -> BigInt,
        enforcement -> Text,
        configuration -> Text,
    }
}

table! {
    endpoint_policies (tenant_id, endpoint_id, policy_id) {
        tenant_id -> Binary,
        endpoint_id -> Binary,
        policy_id -> Binary,
        position -> BigInt,
    }
}

table! {
    hubs (id) {
        id -> Binary,
        issuer -> Text,
        url -> Text,
        trusted_by -> Text,
        created_at -> BigInt,
    }
}

table! {
    marketplaces (tenant_id, id) {
        tenant_id -> Binary,
        id -> Binary,
        name -> Text,
        hub_id -> Binary,
        username -> Text,
        satellite -> Nullable<Binary>,
        credential -> Binary,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        told_url -> Nullable<Text>,
    }
}

table! {
    listings (tenant_id, id) {
        tenant_id -> Binary,
        id -> Binary,
        endpoint_id -> Binary,
        slug -> Text,
        marketplace_id -> Binary,
        state -> Text,
        last_error -> Nullable<Text>,
        told_at -> Nullable<BigInt>,
        due_at -> BigInt,
        failures -> BigInt,
        revision -> BigInt,
        created_at -> BigInt,
    }
}

table! {
    address_groups (tenant_id, id) {
        tenant_id -> Binary,
        id -> Binary,
        name -> Text,
        description -> Text,
        members -> BigInt,
        revision -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

table! {
    group_members (tenant_id, group_id, email) {
        tenant_id -> Binary,
        group_id -> Binary,
        email -> Text,
        added_at -> BigInt,
    }
}

table! {
    policy_groups (tenant_id, policy_id, group_id) {
        tenant_id -> Binary,
        policy_id -> Binary,
        group_id -> Binary,
    }
}

table! {
    transfers (tenant_id, event_id, policy_id) {
        tenant_id -> Binary,
        event_id -> Binary,
        policy_id -> Binary,
        time -> BigInt,
        payer_id -> Binary,
        endpoint_id -> Binary,
        period -> Text,
        period_begins -> BigInt,
        currency -> Text,
        units -> BigInt,
        free_units -> BigInt,
        amount -> BigInt,
        request -> Nullable<Binary>,
        repeats -> BigInt,
    }
}

table! {
    balances (tenant_id, key) {
        tenant_id -> Binary,
        key -> Binary,
        units -> BigInt,
        free_units -> BigInt,
        amount -> BigInt,
        past_units -> BigInt,
        past_free_units -> BigInt,
        past_amount -> BigInt,
    }
}

table! {
    disclosures (tenant_id, policy_id, caller_id, item) {
        tenant_id -> Binary,
        policy_id -> Binary,
        caller_id -> Binary,
        item -> Binary,
        shown_at -> BigInt,
        amount -> BigInt,
    }
}

table! {
    retention_terms (tenant_id, kind) {
        tenant_id -> Binary,
        kind -> Text,
        days -> BigInt,
    }
}

table! {
    legal_holds (tenant_id, id) {
        tenant_id -> Binary,
        id -> Binary,
        reason -> Text,
        made_by -> Nullable<Binary>,
        created_at -> BigInt,
    }
}

table! {
    expectations (tenant_id, endpoint_id, position) {
        tenant_id -> Binary,
        endpoint_id -> Binary,
        position -> BigInt,
        email -> Nullable<Text>,
        issuer -> Nullable<Text>,
        subject -> Nullable<Text>,
        hub_role -> Nullable<Text>,
        purpose -> Nullable<Text>,
        verdict -> Text,
        note -> Text,
    }
}

table! {
    approvals (tenant_id, id) {
        tenant_id -> Binary,
        id -> Binary,
        endpoint_id -> Binary,
        policy_id -> Binary,
        caller_id -> Binary,
        question -> Binary,
        asker -> Binary,
        asked_at -> BigInt,
        ends_at -> BigInt,
        verdict -> Nullable<Text>,
        decided_at -> Nullable<BigInt>,
        decided_by -> Nullable<Binary>,
        note -> Nullable<Text>,
    }
}

table! {
    approval_questions (tenant_id, approval_id) {
        tenant_id -> Binary,
        approval_id -> Binary,
        caller_kind -> Nullable<Text>,
        purpose -> Nullable<Text>,
        characters -> BigInt,
        hit_limit -> Nullable<BigInt>,
        threshold -> Nullable<Float>,
        context -> Nullable<BigInt>,
        prompt -> Nullable<Binary>,
        hub_id -> Nullable<Binary>,
    }
}

table! {
    outdated_approvals (tenant_id, kind, of_id) {
        tenant_id -> Binary,
        kind -> Text,
        of_id -> Binary,
    }
}

table! {
    approval_counts (tenant_id) {
        tenant_id -> Binary,
        pending -> BigInt,
        total -> BigInt,
    }
}

table! {
    erasures (tenant_id, account_id) {
        tenant_id -> Binary,
        account_id -> Binary,
        asked_by -> Text,
        asked_at -> BigInt,
        due_at -> BigInt,
        person -> Nullable<Text>,
        ended_at -> Nullable<BigInt>,
        report -> Text,
        token_hash -> Nullable<Binary>,
    }
}

table! {
    audit_logs (log) {
        log -> Binary,
        last_seq -> BigInt,
        frontier -> Binary,
    }
}

table! {
    audit_tree_blocks (log, block) {
        log -> Binary,
        block -> BigInt,
        root -> Binary,
    }
}

table! {
    audit_pruned_blocks (log, block) {
        log -> Binary,
        block -> BigInt,
        leaves -> Binary,
    }
}

table! {
    audit_checkpoints (log) {
        log -> Binary,
        size -> BigInt,
        note -> Text,
    }
}

table! {
    audit_watched (log) {
        log -> Binary,
        seq -> BigInt,
    }
}

table! {
    audit_sinks (name) {
        name -> Text,
        logs -> Text,
        target -> Nullable<Binary>,
    }
}

table! {
    audit_sink_positions (log, sink) {
        log -> Binary,
        sink -> Text,
        seq -> BigInt,
    }
}

table! {
    audit_tree_backlog (log) {
        log -> Binary,
        seq -> BigInt,
        frontier -> Binary,
    }
}

table! {
    audit_events (log, seq) {
        log -> Binary,
        seq -> BigInt,
        id -> Binary,
        time -> BigInt,
        action -> Text,
        outcome -> Text,
        actor_kind -> Text,
        actor_id -> Nullable<Binary>,
        actor_role -> Nullable<Text>,
        object_kind -> Nullable<Text>,
        object_id -> Nullable<Text>,
        reason_code -> Nullable<Text>,
        request_id -> Nullable<Binary>,
        count -> BigInt,
        person_commitment -> Binary,
        policy -> Nullable<Binary>,
    }
}

table! {
    audit_persons (log, seq) {
        log -> Binary,
        seq -> BigInt,
        salt -> Binary,
        data -> Binary,
    }
}

table! {
    audit_blocks (log, block) {
        log -> Binary,
        block -> BigInt,
        first_time -> BigInt,
        last_time -> BigInt,
        actions -> Binary,
        outcomes -> Binary,
        reasons -> Binary,
        keys -> Binary,
        objects -> Binary,
        accounts -> Binary,
        times -> Binary,
    }
}

table! {
    audit_segments (log, part, segment) {
        log -> Binary,
        part -> BigInt,
        segment -> BigInt,
        postings -> Binary,
    }
}

allow_tables_to_appear_in_same_query!(approval_questions, approvals);
allow_tables_to_appear_in_same_query!(endpoint_policies, policies);
allow_tables_to_appear_in_same_query!(policy_groups, policies);
allow_tables_to_appear_in_same_query!(audit_events, audit_persons);
allow_tables_to_appear_in_same_query!(audit_checkpoints, audit_logs);
allow_tables_to_appear_in_same_query!(audit_logs, audit_sink_positions);
allow_tables_to_appear_in_same_query!(audit_sink_positions, audit_sinks);
allow_tables_to_appear_in_same_query!(audit_logs, audit_watched);
allow_tables_to_appear_in_same_query!(address_groups, group_members);
