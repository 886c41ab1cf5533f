//! Roles in a program of your own: one table says who may do what, and everything asks it.
//!
//! `cargo run -p syft-space-domain --example embed_roles`

use std::error::Error;

use syft_space_domain::access::{Permission, Role, may, may_grant};

/// Something of yours that a role is needed for. It names the permission, never a role: who holds it is for the
/// table to say.
fn publish(role: Role, report: &str) -> Result<String, String> {
    if may(role, Permission::WriteEndpoints) {
        Ok(format!("{report} is published"))
    } else {
        Err(format!("{role} may not publish {report}"))
    }
}

#[expect(clippy::print_stdout, reason = "an example speaks to whoever runs it")]
fn main() -> Result<(), Box<dyn Error>> {
    // The whole table, permission by permission.
    print!("{:<16}", "");
    for role in Role::ALL {
        print!("{:<8}", role.as_str());
    }
    println!();
    for permission in Permission::ALL {
        print!("{:<16}", format!("{permission:?}"));
        for role in Role::ALL {
            print!("{:<8}", if may(role, permission) { "yes" } else { "-" });
        }
        println!();
    }

    // Who may give whom a role: nobody hands out what they lack, and only an Owner touches an Owner or Admin.
    println!();
    for giver in Role::ALL {
        let given: Vec<_> =
            Role::ALL.into_iter().filter(|given| may_grant(giver, *given)).map(Role::as_str).collect();
        let given = if given.is_empty() { "none".to_owned() } else { given.join(", ") };
        println!("{giver} may give and end these roles: {given}");
    }

    // A role comes from outside as text. What is no role is an error, never a weaker or stronger role.
    println!();
    for text in ["admin", "viewer", "superuser"] {
        match text.parse::<Role>() {
            Ok(role) => println!("{}", publish(role, "the annual report").unwrap_or_else(|refusal| refusal)),
            Err(error) => println!("{text}: {error}"),
        }
    }

    // The table is a `const fn`: what your program relies on can be checked while it compiles.
    const { assert!(may(Role::User, Permission::Query) && !may(Role::Viewer, Permission::Query)) };
    Ok(())
}
