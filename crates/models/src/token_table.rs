//! The vectors of a model's tokens: more than half of the numbers of a small model, of which a text reads a few hundred rows.

/// The largest whole number that a component is rounded to.
const MAX_STEP: f32 = 32_767.0;

/// A row for each token, in half of the memory that `f32` takes: whole numbers of 16 bits, and for each row what they are to be
/// multiplied with. Rounding moves a component by a 65,000th of the row's largest at most. That moves a text's vector by less than
/// what is rounded where vectors are kept, so it is no other revision.
pub(crate) struct TokenTable {
    hidden: usize,
    steps: Vec<i16>,
    factors: Vec<f32>,
    /// A row that is not whole yet.
    begun: Vec<f32>,
}

impl TokenTable {
    /// A table without a row, each of which will have `hidden` components.
    pub(crate) fn new(hidden: usize) -> Self {
        Self { hidden, steps: Vec::new(), factors: Vec::new(), begun: Vec::with_capacity(hidden) }
    }

    /// Takes the memory for so many components, and no more.
    pub(crate) fn reserve(&mut self, components: usize) {
        self.steps.reserve_exact(components);
        self.factors.reserve_exact(components.checked_div(self.hidden).unwrap_or_default());
    }

    /// Adds components, one row behind the other.
    pub(crate) fn extend(&mut self, components: impl Iterator<Item = f32>) {
        for component in components {
            self.begun.push(component);
            if self.begun.len() == self.hidden {
                self.end_row();
            }
        }
    }

    fn end_row(&mut self) {
        let row = &self.begun;
        let largest = row.iter().fold(f32::MIN_POSITIVE, |largest, component| largest.max(component.abs()));
        self.steps.extend(row.iter().map(|component| to_step(component / largest * MAX_STEP)));
        self.factors.push(largest / MAX_STEP);
        self.begun.clear();
    }

    /// The components of a token's row; `None` when there is none.
    pub(crate) fn row(&self, token: usize) -> Option<impl Iterator<Item = f32>> {
        let factor = *self.factors.get(token)?;
        let steps = self.steps.chunks_exact(self.hidden).nth(token)?;
        Some(steps.iter().map(move |step| f32::from(*step) * factor))
    }
}

#[expect(clippy::as_conversions, reason = "a float is rounded in no other way; the value is bounded first")]
fn to_step(value: f32) -> i16 {
    value.round().clamp(-MAX_STEP, MAX_STEP) as i16
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn q2_a_row_of_zeros_stays_one_and_a_token_behind_the_last_has_none() {
        let mut table = TokenTable::new(2);
        table.extend([0.0].into_iter());
        table.extend([0.0, 0.5, -1.0, 7.0].into_iter());
        assert_eq!(table.row(0).map(Iterator::collect), Some(vec![0.0, 0.0]));
        assert_eq!(table.row(1).map(Iterator::last), Some(Some(-1.0)));
        assert!(table.row(2).is_none());
    }

    proptest! {
        #[test]
        fn q2_a_component_moves_by_a_65_000th_of_the_rows_largest_at_most(
            row in prop::collection::vec(-1e30_f32..1e30, 1..40), scale in 1e-30_f32..1.0,
        ) {
            let row: Vec<f32> = row.into_iter().map(|component| component * scale).collect();
            let largest = row.iter().fold(0.0_f32, |largest, component| largest.max(component.abs()));
            let mut table = TokenTable::new(row.len());
            table.extend(row.iter().copied());
            for (kept, component) in table.row(0).into_iter().flatten().zip(&row) {
                prop_assert!((kept - component).abs() <= largest / 65_000.0, "{kept} {component} {largest}");
            }
        }
    }
}
