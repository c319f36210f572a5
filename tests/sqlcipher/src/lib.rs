//! Tests of programs whose databases SQLCipher encrypts.
