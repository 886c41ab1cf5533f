//! The walk through enrolment and recovery in `docs/api.md` works as it is copied.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::space::{TestSpace, in_memory};

/// What `oathtool --totp --base32 SECRET` prints, where it is not installed.
const OATHTOOL: &str = r#"#!/usr/bin/env python3
import base64, hashlib, hmac, sys, time
secret = base64.b32decode(sys.argv[-1])
digest = hmac.new(secret, int(time.time() // 30).to_bytes(8, "big"), hashlib.sha1).digest()
at = digest[19] & 15
print("%06d" % ((int.from_bytes(digest[at:at + 4], "big") & 0x7FFFFFFF) % 1000000))
"#;

#[tokio::test]
async fn q1_the_walk_through_enrolment_and_recovery_works_as_it_is_copied() {
    let there = |program: &str| Command::new(program).arg("--version").stdout(Stdio::null()).status().is_ok();
    if in_memory() || !there("bash") || !there("curl") || !there("python3") {
        eprintln!("skipped: there is no bash here, no curl or no python3");
        return;
    }
    let space = TestSpace::start().await;
    let nobody = space.anybody();
    let password = "seven owls dance under copper moons";
    let olivia = json!({
        "email": "olivia@example.org", "password": password, "tenant_name": "library", "setup_token": space.setup_token(),
    });
    nobody.post("/auth/register", &olivia).await.expect(201);
    let token = space.log_in("olivia@example.org", password).await.token().to_owned();
    let docs = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api.md")).unwrap();
    let (_, walk) = docs.split_once("### A second factor\n").unwrap();
    let (walk, _) = walk.split_once("\n### ").unwrap();
    let blocks: Vec<_> =
        walk.split("```sh\n").skip(1).map(|rest| rest.split_once("```").unwrap().0).collect();
    assert!(blocks.len() >= 4, "{blocks:?}");

    let folder = tempfile::tempdir().unwrap();
    let oathtool = folder.path().join("oathtool");
    std::fs::write(&oathtool, OATHTOOL).unwrap();
    std::fs::set_permissions(&oathtool, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let mut run = Command::new("bash");
    run.args(["-ec", &blocks.concat()]).env("S", format!("{}/api/v1", nobody.root())).env("T", token);
    run.env("PATH", path).env_remove("http_proxy").env("no_proxy", "127.0.0.1");
    let ran = tokio::task::spawn_blocking(move || run.output().unwrap()).await.unwrap();
    let (said, errors) = (String::from_utf8(ran.stdout).unwrap(), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{said}\n{errors}");
    assert!(said.contains("\"enrolled\":true") && said.contains("\"recovery_codes_left\":9}"), "{said}");
    assert!(said.ends_with("{\"enrolled\":false,\"since\":null,\"recovery_codes_left\":0}"), "{said}");
}
