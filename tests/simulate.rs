//! `simulate`: what a deployment would do, and whether it would be refused.

use crate::harness::{Systems, World};

fn imported(systems: &Systems) -> World {
    let world = World::with_systems(systems);
    world.central(&["import", "DEV", "*", "--app", "Retail"]).ok();
    world
}

#[test]
fn exploring() {
    let systems = Systems::retail();
    let world = imported(&systems);
    println!("{}", world.central(&["simulate", "Store Closing", "--to", "PROD"]));
    println!("{}", world.central(&["simulate", "*", "--to", "PROD"]));
    println!("{}", world.central(&["simulate", "*", "--to", "PROD", "--markdown"]));
    println!("{}", world.central(&["simulate", "*", "--to", "DEV"]));
}
