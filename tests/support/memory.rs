//! Searches the memory of this process, and the keys that are searched for.

use std::fs::{File, read_to_string};
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, PoisonError};

use zeroize::Zeroize;

/// Keeps the bytes that are searched for from being found here.
const MASK: u8 = 0x55;

/// Bytes to search for.
pub struct Needle {
    what: &'static str,
    masked: Vec<u8>,
}

impl Needle {
    pub fn of(what: &'static str, bytes: &[u8]) -> Self {
        Self { what, masked: bytes.iter().map(|byte| byte ^ MASK).collect() }
    }

    fn is_at(&self, memory: &[u8]) -> bool {
        let same = |(masked, byte): (&u8, &u8)| masked ^ MASK == *byte;
        memory.len() >= self.masked.len() && self.masked.iter().zip(memory).all(same)
    }
}

const CHUNK: usize = 1 << 20;

/// The needles that are somewhere in the memory that this process can write to, stacks included.
pub fn found(needles: &[Needle]) -> Vec<&'static str> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let memory = File::open("/proc/self/mem").unwrap();
    let longest = needles.iter().map(|needle| needle.masked.len()).max().unwrap();
    let mut buffer = vec![0; CHUNK + longest];
    let own = buffer.as_ptr().addr() as u64..(buffer.as_ptr().addr() + buffer.len()) as u64;
    let mut found = Vec::new();
    for line in read_to_string("/proc/self/maps").unwrap().lines() {
        let Some((range, rest)) = line.split_once(' ') else { continue };
        let (start, end) = range.split_once('-').unwrap();
        let [start, end] = [start, end].map(|it| u64::from_str_radix(it, 16).unwrap());
        if !rest.starts_with("rw") {
            continue;
        }
        for at in (start..end).step_by(CHUNK) {
            let wanted = buffer.len().min((end - at) as usize);
            let length = memory.read_at(&mut buffer[..wanted], at).unwrap_or(0);
            for needle in needles {
                let first = needle.masked[0] ^ MASK;
                let is_there = buffer[..length].iter().enumerate().any(|(index, byte)| {
                    *byte == first
                        && !own.contains(&(at + index as u64))
                        && needle.is_at(&buffer[index..length])
                });
                if is_there && !found.contains(&needle.what) {
                    found.push(needle.what);
                }
            }
        }
    }
    buffer.zeroize();
    found
}

/// A certificate for [`KEY`].
pub const CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----
MIIBeTCCAR+gAwIBAgIUd5B97pj59RSJvzJzrB6LfFHwn9wwCgYIKoZIzj0EAwIw
ETEPMA0GA1UEAwwGY2xpZW50MCAXDTI2MTEyNTA0MDE0MFoYDzIxMjYxMTAxMDQw
MTQwWjARMQ8wDQYDVQQDDAZjbGllbnQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AARdatd1VyQELF2N5VhDnsD4JAfDcnO4gQq/GqEx+WufaL0XZrvp7+Nx7P+Gc3Cg
/nvFN+FfVuElcjQOw+joCEi0o1MwUTAdBgNVHQ4EFgQUDViprVFmJTaHjoiO7GSm
aq1ZzuMwHwYDVR0jBBgwFoAUDViprVFmJTaHjoiO7GSmaq1ZzuMwDwYDVR0TAQH/
BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiA+eBunqqEoaUj3l7ZzObZIERcrVar4
B6CSygVPVDWH4wIhAO4yX6F38pg87b2hkgZs+bkh7VxNXdqy3LDIOj02i5tD
-----END CERTIFICATE-----
";

/// A key on P-256, in PKCS#8.
pub const KEY: &str = "\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgzJ8JYJSK0YNLseWV
Y2QIjSdudLDhbCVzIRzu2mobOzehRANCAARdatd1VyQELF2N5VhDnsD4JAfDcnO4
gQq/GqEx+WufaL0XZrvp7+Nx7P+Gc3Cg/nvFN+FfVuElcjQOw+joCEi0
-----END PRIVATE KEY-----
";

/// The same, encrypted with [`PASSPHRASE`].
pub const ENCRYPTED_KEY: &str = "\
-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAi+1Bo5fEWARQICA+gw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEDUkHXXqQp9YMhawIAs2Ei8EgZCK
Wne+9G+bFHQX+syeScpPEXVfb1YClicsoEJ0AhQP1hLvmsUrPeV0BL7POxYD0wtd
Qm7FQ1eoHszZKOY8bBY27goAYhianOMNUX/CJ/epK9oxGklaxy2EU9zRIROPmO0W
lAWJubiRnEJOFrt/p1B2EcafpMYY1lE8j8Ekj2gV/1PKzC7joHtNqdHfxR9V9eQ=
-----END ENCRYPTED PRIVATE KEY-----
";

pub const PASSPHRASE: &str = "correct-horse-battery-staple";

/// The same key as a JWK.
pub const EC_JWK: &str = "{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"k\",\"x\":\"XWrXdVckBCxdjeVYQ57A-CQHw3JzuIEKvxqhMflrn2g\",\"y\":\"vRdmu\
     -nv43Hs_4ZzcKD-e8U34V9W4SVyNA7D6OgISLQ\",\"d\":\"zJ8JYJSK0YNLseWVY2QIjSdudLDhbCVzIRzu2mobOzc\"}";

/// An RSA key.
pub const RSA_JWK: &str = "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"oaLJXWl7hOKzE7HzfMlLnMC2Y7j-EOwea9YHo7MkFicUUtcr3RXz6aLviUMNo5_07KD\
     uG5uNG4I9Q74zG3hnJESFRml0Rbko4n5AlR1T9f2NWNK-G8pvwj2h6dPGQ57-t9ErDX1soumU6lm6K6JWFc4gdBlIhZ-bA4c\
     bZdLKrCdJtG8QGDqpt-8z9dImsAjhVgD36Gw0aSwinwA32AuR94D_vrmede9ODLzzqmXBfTSQ9Fv_4bgq-bUfvR-TbxmndE_\
     cLSWCgvQqz7DnJUEvHcPI0H6lJ2QtlyYkgEUAVCkAMrpArynYkXuIqAqzQ-IsjsBxtcrWpFekYZBxOqOSiQ\",\"d\":\"Au2zhX\
     xZkl3J7gU4xFdtUq8j-G74nQ8TugZygWL662Y7D9X5yhN38neGRk_I5no82MpNphuaYeScZMBq2QheB6H9YpPOJhk_UvzQmy\
     MHfprg11QlWtS_IGwEPy7o4uUoxLHTr6niSjO-al4rAySTN-mFKWiJdnC4dHobll7l8MDtSxoNPYPWiIrtkyEvmZbtaqQQdD\
     UHgpVbqpQ4O7vXWdS0mVsxHIXKURe3pgLYej3TO73mI90hwOVGn88K-_ysPDLkTfFRRTEwH-E5iuEkluqCSoSFj9ftHij_5e\
     Zhak_z-TPxQfq10Se30po7ul6fAEVNxo1ex1BVUww0gnkg0Q\",\"p\":\"1mrns_X83ks52KWc9m_iQb7tZSap6BqbAiZBZ6bO3\
     -K_q09D71PPtRcr22tO460pMbZ1Fg_1qG0jel0ICTnca1oWe8dupFggERJiK4Qo5sCBgOO5X0JEJinAL_VHiRYJnS7cGcnhE\
     bWGVHNR3_X0bVAg0wKaT2EVlfPxslmN3u0\",\"q\":\"wPtziZa7sWJ505qj7zBMcBRSKYezyOBLvKntE-ZdnuCcleulRfvEsXn\
     voAt_ipLK73u_9Xg6duajmdgfN3SRvnrp4pxMfUwls1D1mav8U5AISKb1HlGjP_AygFCL3UlMIFGhVynDzBsON81PPa3saqr\
     quVXvFofLNgQUNk2bso0\",\"dp\":\"zW1NImDJ7Rv7hvJc6MqW5lCLVz7syAA9hJisTydEysGOyw09VB1jQee6UBWGVqG_du6N\
     TR7rSHuP4xsgqN4zrPJ52gtfmLsJtfF79p8_JJ1JNfh30KlHa5zSkeAYsmFXwq1zmI2PQg09bsmxprYZgWWknSXAO88TBEDc\
     zvf38Z0\",\"dq\":\"jiAiRTCX5toJswfuuBewE9NDd4aTp9tYrAfRrJg6VupBKEC2JcZ4Y-TTz-Dn-5yEjL9s7lGvbSYLUyBST\
     Tsyo0BOxDAsPRM5qMh1OMnrOXeYQjmDyOKDAnHaH5oyh7SVti-oTVNa-hTq8bnpJBnVRfG-kORzAvrbdFqosB2UD3k\",\"qi\"\
     :\"iFQFUogkkG40wbCABwUi4edU6LEJR245cBhsOn6vPnMQlMWtKptSdzPx08Fhe_5N2bA-XR-J6Kqau1-lS0Cwo8ehUrDsD3\
     NIgyUOYH4_pndakrK2jNSCseIGK6ZMXJYFXLAjag1g9qco5XYvu7CRIYfwZRKyvcU-iEq60p8S5Os\"}";
