//! The fuzz targets without libFuzzer.

#[cfg(test)]
mod seeds;
