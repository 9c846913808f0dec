//! Embeds the screens and checks the window's permissions.
fn main() {
    tauri_build::try_build(tauri_build::Attributes::new().codegen(tauri_build::CodegenContext::new()))
        .expect("tauri.conf.json is valid");
}
