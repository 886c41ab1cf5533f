//! Moduli of RSA that anybody can factor, or that are no product at all. Nothing secret is at hand here: what is tested is
//! what a hub shows to everybody.

use openssl::bn::{BigNum, BigNumContext};

/// Chips that were to make primes fast made each of the form k·M + (65537^a mod M), where M is the product of at least these
/// primes (ROCA, CVE-2017-15361). So their moduli are powers of 65537 modulo each of them.
const ROCA_PRIMES: [u64; 39] = [
    2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103,
    107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];
const ROCA_GENERATOR: u64 = 65_537;

/// Why a modulus, in big-endian bytes, is of no use; `None` when nothing is known against it.
pub(super) fn weakness(modulus: &[u8]) -> Option<&'static str> {
    let residues = ROCA_PRIMES.map(|prime| (prime, residue(modulus, prime)));
    if residues.iter().any(|(_, residue)| *residue == 0) {
        return Some("its modulus has a small factor");
    }
    // Of all other moduli, one in 2^27 at most is taken for one.
    if residues.iter().all(|(prime, residue)| is_power_of_generator(*residue, *prime)) {
        return Some("its modulus can be factored (ROCA)");
    }
    is_prime(modulus).then_some("its modulus is a prime")
}

fn residue(number: &[u8], prime: u64) -> u64 {
    number.iter().fold(0, |rest, byte| ((rest << 8) | u64::from(*byte)) % prime)
}

fn is_power_of_generator(residue: u64, prime: u64) -> bool {
    let mut power = 1 % prime;
    // There are less powers than the prime's own value.
    (0..prime).any(|_| {
        let is_it = power == residue;
        power = power * ROCA_GENERATOR % prime;
        is_it
    })
}

/// Whether a modulus passes Fermat's test, which every prime does, and no product that somebody happens to make. What
/// cannot be computed is for the reader of the key to refuse.
fn is_prime(modulus: &[u8]) -> bool {
    let passes = || {
        let (modulus, base) = (BigNum::from_slice(modulus)?, BigNum::from_u32(2)?);
        let mut exponent = modulus.to_owned()?;
        exponent.sub_word(1)?;
        let (mut power, mut context) = (BigNum::new()?, BigNumContext::new()?);
        power.mod_exp(&base, &exponent, &modulus, &mut context)?;
        Ok::<_, openssl::error::ErrorStack>(power == BigNum::from_u32(1)?)
    };
    passes().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> BigNum {
        BigNum::from_dec_str(text).unwrap()
    }

    /// A number of 2048 bits as such a chip's modulus would be: k·M + (65537^a mod M).
    fn of_roca_form(exponent: u32) -> Vec<u8> {
        let mut context = BigNumContext::new().unwrap();
        let mut product = number("1");
        for prime in ROCA_PRIMES {
            product.mul_word(prime.try_into().unwrap()).unwrap();
        }
        let mut form = BigNum::new().unwrap();
        form.mod_exp(&number("65537"), &BigNum::from_u32(exponent).unwrap(), &product, &mut context).unwrap();
        let (mut factor, mut high, mut sum) = (number("1"), BigNum::new().unwrap(), BigNum::new().unwrap());
        factor.set_bit(2047 - product.num_bits()).unwrap();
        high.checked_mul(&factor, &product, &mut context).unwrap();
        sum.checked_add(&high, &form).unwrap();
        sum.to_vec()
    }

    #[test]
    fn l10_a_modulus_of_the_form_that_can_be_factored_is_known() {
        for exponent in [1, 2, 77_777, u32::MAX] {
            let modulus = of_roca_form(exponent);
            assert_eq!(weakness(&modulus), Some("its modulus can be factored (ROCA)"));
            // One beside it is not.
            let mut beside = number("0");
            beside.checked_add(&BigNum::from_slice(&modulus).unwrap(), &number("2")).unwrap();
            assert_ne!(weakness(&beside.to_vec()), Some("its modulus can be factored (ROCA)"));
        }
    }

    #[test]
    fn l10_a_prime_and_a_multiple_of_a_small_one_are_no_moduli() {
        let mut prime = BigNum::new().unwrap();
        prime.generate_prime(2048, false, None, None).unwrap();
        assert_eq!(weakness(&prime.to_vec()), Some("its modulus is a prime"));
        prime.mul_word(167).unwrap();
        assert_eq!(weakness(&prime.to_vec()), Some("its modulus has a small factor"));
    }

    #[test]
    fn l10_keys_that_are_made_today_are_not_taken_for_such() {
        for _ in 0..20 {
            let keys = openssl::rsa::Rsa::generate(2048).unwrap();
            assert_eq!(weakness(&keys.n().to_vec()), None);
        }
    }
}
