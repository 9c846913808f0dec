//! Embeds the screens and checks what the window may do.

use std::path::Path;
use std::{env, fs};

use tauri_build::{AppManifest, Attributes, CodegenContext};

/// The built screens, from the repository root, where this script runs.
const SCREENS: &str = "pos-app/ui/dist";
const PERMISSIONS: &str = "pos-app/shell/permissions";

fn main() {
    stand_in_for_unbuilt_screens();
    println!("cargo:rerun-if-changed={PERMISSIONS}");
    let manifest = AppManifest::new().permissions_path_pattern("pos-app/shell/permissions/*.toml");
    tauri_build::try_build(Attributes::new().app_manifest(manifest).codegen(CodegenContext::new()))
        .expect("tauri.conf.json and the permissions are valid");
}

/// Lets `cargo check` run before npm ever did. A release never ships the stand-in.
fn stand_in_for_unbuilt_screens() {
    let page = Path::new(SCREENS).join("index.html");
    if page.exists() {
        return;
    }
    assert!(
        env::var("PROFILE").is_ok_and(|profile| profile != "release"),
        "{SCREENS} is missing: run `npm --prefix pos-app/ui ci && npm --prefix pos-app/ui run build` first"
    );
    println!("cargo:warning=the screens are not built; the window shows how to build them");
    fs::create_dir_all(SCREENS).expect("the repository is writable");
    let text = "<!doctype html><meta charset=utf-8><title>Barra</title>\
        <p>The screens are not built. Run <code>npm --prefix pos-app/ui run build</code>.";
    fs::write(page, text).expect("the repository is writable");
}
