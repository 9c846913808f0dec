//! What is sold: products, their categories, and the codes printed on them.

pub mod barcode;
pub mod product;

pub use product::{Category, Product};
