//! The till's window.
fn main() {
    tauri::Builder::default().run(tauri::tauri_build_context!()).expect("the window runs");
}
