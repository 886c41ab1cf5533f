//! What must not compile: the mistakes that the types are there to prevent.

#[test]
fn z1_u1_k3_the_forbidden_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
