//! The self-test of RS256.

use syft_space_jose::{Compact, decode};

use crate::keys::parse_key_set;

/// The key and the signature of RFC 7515, appendix A.2.
const KEY_SET: &str = concat!(
    r#"{"keys":[{"kty":"RSA","kid":"rfc7515","e":"AQAB","n":""#,
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-",
    "pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2Cap",
    "Hg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54",
    r#"h4FRWyuXpoQ"}]}"#
);
const SIGNED_TOKEN: &str = concat!(
    "eyJhbGciOiJSUzI1NiJ9.",
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.",
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7",
    "t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi1",
    "2jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGl",
    "UPQGe77Rw"
);

/// Whether the signature that a standard prints is accepted, and refused once a bit of it or of the text is another.
pub(crate) fn rs256_works() -> bool {
    let works = || {
        let (keys, _) = parse_key_set(KEY_SET.as_bytes())?;
        let key = keys.first()?;
        let token = Compact::split(SIGNED_TOKEN)?;
        let signature = decode(token.signature)?;
        let mut other = signature.clone();
        *other.last_mut()? ^= 1;
        let message = token.signing_input.as_bytes();
        Some(
            key.verifies(message, &signature)
                && !key.verifies(message, &other)
                && !key.verifies(b"another text", &signature),
        )
    };
    works().unwrap_or(false)
}

/// The key that the standard prints.
#[cfg(test)]
pub(crate) fn key() -> crate::keys::HubKey {
    parse_key_set(KEY_SET.as_bytes()).unwrap().0.remove(0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn k2_the_signature_of_the_standard_passes() {
        assert!(super::rs256_works());
    }
}
