//! The corpus and the seeds, with the ordinary compiler: what a search found worth keeping holds in every build.

use std::path::Path;

use fuzz::{TARGETS, seeds};

#[test]
fn everything_kept_holds() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (name, target) in TARGETS {
        let kept = std::fs::read_dir(corpus.join(name)).expect("every target has a corpus");
        let mut count = 0;
        for file in kept {
            let path = file.expect("a file").path();
            println!("{}", path.display());
            target(&std::fs::read(&path).expect("it reads"));
            count += 1;
        }
        assert!(count > 0, "{name} has a corpus");
    }
}

#[test]
fn the_seeds_hold_and_so_does_everything_near_them() {
    for (name, inputs) in seeds::all() {
        let (_, target) = TARGETS.into_iter().find(|(of, _)| *of == name).expect("a target");
        for input in &inputs {
            target(input);
            for place in 0..input.len() {
                for bit in [0x01, 0x20, 0x80] {
                    let mut near = input.clone();
                    near[place] ^= bit;
                    target(&near);
                }
                target(&input[..place]);
            }
        }
    }
}
