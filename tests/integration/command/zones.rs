//! Mistakes in what is said of the zones, and of names outside of them.

use super::mistakes::assert_says;

#[test]
fn what_is_said_outside_of_the_zones_is_one_of_two_words() {
    for value in ["nx", "REFUSED", ""] {
        assert_says(
            &format!("outside_zones = \"{value}\""),
            &[": outside_zones = ", "refused, nxdomain"],
        );
    }
}

#[test]
fn an_answer_follows_from_1_to_32_cnames() {
    for value in [0, 33] {
        assert_says(
            &format!("[limits]\nalias_chain = {value}"),
            &[": limits.alias_chain = ", "[1, 32]"],
        );
    }
}
