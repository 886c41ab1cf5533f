//! What a phone sees of the QR code.

use rqrr::{Grid, SimpleGrid};
use serde_json::json;

use crate::space::{PASSWORD, TestSpace};

/// The numbers in a text.
fn numbers(text: &str) -> Vec<usize> {
    text.split(|letter: char| !letter.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .map(|part| part.parse().unwrap())
        .collect()
}

/// The text in the QR code of an SVG image: a path of squares, dark on a light ground, with a quiet zone of four modules.
fn read(svg: &str) -> String {
    let (head, path) = svg.split_once(" d=\"").unwrap();
    let (path, end) = path.split_once('"').unwrap();
    assert!(
        head.contains("<rect x=\"0\" y=\"0\"")
            && head.contains("fill=\"#fff\"")
            && head.contains("fill=\"#000\"")
    );
    assert_eq!(end, "/></svg>");
    let squares: Vec<Vec<usize>> = path.split('M').skip(1).map(numbers).collect();
    let module = squares.iter().map(|square| square[3]).min().unwrap();
    let left = squares.iter().map(|square| square[0]).min().unwrap();
    assert_eq!(left, 4 * module, "the quiet zone");
    let right = squares.iter().map(|square| square[0] + square[2]).max().unwrap();
    let is_dark = |x: usize, y: usize| {
        let (x, y) = (left + x * module, left + y * module);
        squares.iter().any(|square| {
            (square[0]..square[0] + square[2]).contains(&x) && (square[1]..square[1] + square[3]).contains(&y)
        })
    };
    let grid = SimpleGrid::from_func((right - left) / module, is_dark);
    Grid::new(grid).decode().unwrap().1
}

#[tokio::test]
async fn a5_the_qr_code_holds_the_uri_and_the_uri_the_secret() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let long = format!("{}@{}.example", "l".repeat(64), "d".repeat(63));
    let member = space.member(&owner, &long, "viewer").await;
    for (client, email) in [(owner, "owner%40acme.example".to_owned()), (member, long.replace('@', "%40"))] {
        let begun = client.post("/auth/totp", &json!({ "password": PASSWORD })).await.expect(201).body;
        let [secret, uri, svg] = ["secret", "uri", "svg"].map(|field| begun[field].as_str().unwrap());
        assert_eq!(secret.len(), 32, "160 bits");
        let expected =
            format!("otpauth://totp/Syft%20Space%20acme:{email}?secret={secret}&issuer=Syft%20Space%20acme");
        assert_eq!(uri, expected);
        assert_eq!(read(svg), uri);
    }
}
