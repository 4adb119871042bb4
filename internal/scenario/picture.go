package scenario

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math/rand/v2"
)

// Colours of a picture: sky, ground, building, roof, smoke, window.
var palettes = []color.Palette{
	{rgb(0xcfe3f2), rgb(0x8a9a6b), rgb(0x9aa3ab), rgb(0x6b7178), rgb(0x5a5a5a), rgb(0xf4e7b0)},
	{rgb(0xf2dfc4), rgb(0x9c8560), rgb(0xb9a58f), rgb(0x80664d), rgb(0x6f6a66), rgb(0xfff3c9)},
	{rgb(0x2c3550), rgb(0x2a2f2a), rgb(0x474d5c), rgb(0x343945), rgb(0x7b8090), rgb(0xf2d16b)},
}

func rgb(v uint32) color.Color { return color.RGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 255} }

// picture is what somebody might attach: a factory with its smoke, drawn and not
// photographed, so that no place is accused.
func picture(r *rand.Rand) []byte {
	const w, h, ground = 480, 320, 250
	img := image.NewPaletted(image.Rect(0, 0, w, h), pick(r, palettes))
	fill := func(x0, y0, x1, y1 int, c uint8) {
		draw.Draw(img, image.Rect(x0, y0, x1, y1), image.NewUniform(img.Palette[c]), image.Point{}, draw.Src)
	}
	fill(0, ground, w, h, 1)
	left := 60 + r.IntN(80)
	for i := range 3 { // halls with saw-tooth roofs
		x := left + i*90
		fill(x, ground-80, x+88, ground, 2)
		for y := range 30 {
			fill(x, ground-80-y, x+88-y*3, ground-79-y, 3)
		}
		fill(x+16, ground-50, x+36, ground-30, 5)
		fill(x+52, ground-50, x+72, ground-30, 5)
	}
	chimney := left + 200 + r.IntN(50)
	fill(chimney, 70, chimney+18, ground-80, 3)
	for i := range 8 + r.IntN(6) { // the wind takes the smoke to the left
		disc(img, chimney+8-i*16, 62-i*3+r.IntN(8), 10+i*2, 4)
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		panic(err) // writing to memory
	}
	return out.Bytes()
}

func disc(img *image.Paletted, cx, cy, radius int, c uint8) {
	for y := -radius; y <= radius; y++ {
		for x := -radius; x <= radius; x++ {
			if p := (image.Point{X: cx + x, Y: cy + y}); x*x+y*y <= radius*radius && p.In(img.Rect) {
				img.SetColorIndex(p.X, p.Y, c)
			}
		}
	}
}
