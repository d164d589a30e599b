//! The header of the PROXY protocol, whole and octet by octet.
//!
//! A header has one length, at which it is first taken; what follows it changes nothing; what is malformed stays so.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nomadns::listeners::proxy_header::parse;

fuzz_target!(|octets: &[u8]| {
    let whole = parse(octets);
    match whole {
        Ok(Some((client, length))) => {
            assert!(length <= octets.len());
            assert_eq!(
                parse(&octets[..length]),
                Ok(Some((client, length))),
                "what follows is not for it"
            );
            for begun in 0..length {
                assert_eq!(
                    parse(&octets[..begun]),
                    Ok(None),
                    "{begun} of {length} octets are not all"
                );
            }
        }
        Ok(None) => {
            for begun in 0..octets.len() {
                assert_eq!(
                    parse(&octets[..begun]),
                    Ok(None),
                    "{begun} of {} octets",
                    octets.len()
                );
            }
        }
        Err(error) => {
            let longer = [octets, b"x"].concat();
            assert_eq!(parse(&longer), Err(error));
        }
    }
});
