//! The screens' types are those of this program.

/// `BLESS=1 cargo test -p pos-app --test typescript` writes them anew.
#[test]
fn the_generated_types_are_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/ui/src/lib/api/generated.ts");
    let current = pos_app::commands::typescript::generate();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &current).expect("the file can be written");
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == current, "generated.ts is out of date; run again with BLESS=1");
}
